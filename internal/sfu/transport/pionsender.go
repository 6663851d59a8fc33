// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"errors"
	"sync/atomic"

	"github.com/pion/webrtc/v4"
)

// pionSender is a section in which we send.
type pionSender struct {
	pc    *webrtc.PeerConnection
	tr    *webrtc.RTPTransceiver
	local *pionSource // what it sends; nil: stopped
}

func (s *pionSender) Kind() webrtc.RTPCodecType { return s.tr.Kind() }

func (s *pionSender) Mid() string { return s.tr.Mid() }

func (s *pionSender) SetCodecs(codecs []webrtc.RTPCodecParameters) error {
	return s.tr.SetCodecPreferences(codecs)
}

var errStopped = errors.New("nothing is sent in this section any more")

func (s *pionSender) Rebind() error {
	sender := s.tr.Sender()
	if sender == nil { // since Stop
		return errStopped
	}
	return sender.ReplaceTrack(s.local)
}

func (s *pionSender) Stop() error {
	sender := s.tr.Sender()
	if sender == nil {
		return errStopped
	}
	if err := s.pc.RemoveTrack(sender); err != nil {
		return err
	}
	s.local = nil // with it goes whoever published
	return nil
}

// pionSource is a Source as the library wants it.
type pionSource struct {
	Source
	section atomic.Pointer[pionSender]
}

// RID is empty: there is one encoding.
func (s *pionSource) RID() string { return "" }

func (s *pionSource) Bind(ctx webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	mid := ""
	if section := s.section.Load(); section != nil {
		mid = section.Mid()
	}
	return s.Source.Bind(Binding{
		Mid: mid, Writer: ctx.WriteStream(), SSRC: uint32(ctx.SSRC()), RTXSSRC: uint32(ctx.SSRCRetransmission()),
		Codecs: ctx.CodecParameters(), Extensions: ctx.HeaderExtensions(),
	}), nil
}

func (s *pionSource) Unbind(webrtc.TrackLocalContext) error {
	s.Source.Unbind()
	return nil
}
