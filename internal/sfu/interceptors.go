// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/logging"
)

// publishInterceptors are what receiving needs and nothing else: transport-wide
// feedback for the sender's bandwidth estimate and receiver reports (RFC 3550).
// Lost packets are asked for in keyframes.go. Sending needs none: a DownTrack numbers,
// reports and retransmits by itself. They begin with the first stream that arrives:
// each has a goroutine that wakes by a timer, and most connections never publish.
func publishInterceptors(r *interceptor.Registry, log logging.LoggerFactory) error {
	feedback, err := twcc.NewSenderInterceptor(twcc.SendInterval(100*time.Millisecond), twcc.WithLoggerFactory(log))
	if err != nil {
		return err
	}
	reports, err := report.NewReceiverInterceptor(report.WithReceiverLoggerFactory(log))
	if err != nil {
		return err
	}
	r.Add(onFirstStream{feedback})
	r.Add(onFirstStream{reports})
	return nil
}

// onFirstStream makes interceptors that do nothing before a stream arrives.
type onFirstStream struct{ of interceptor.Factory }

// NewInterceptor makes the interceptor of one connection.
func (f onFirstStream) NewInterceptor(id string) (interceptor.Interceptor, error) {
	i, err := f.of.NewInterceptor(id)
	if err != nil {
		return nil, err
	}
	return &sleeping{Interceptor: i}, nil
}

// sleeping is an interceptor for received streams that gets the connection's RTCP,
// and may begin to work, once there is a stream.
type sleeping struct {
	interceptor.Interceptor

	mu  sync.Mutex
	out interceptor.RTCPWriter // nil once it is awake
}

// BindRTCPWriter is called once, before there are streams. It keeps the writer: to be
// given it is what starts an interceptor. Those that are used here write feedback of
// their own and change no other.
func (s *sleeping) BindRTCPWriter(w interceptor.RTCPWriter) interceptor.RTCPWriter {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out = w
	return w
}

// BindRemoteStream wakes the interceptor.
func (s *sleeping) BindRemoteStream(info *interceptor.StreamInfo, r interceptor.RTPReader) interceptor.RTPReader {
	s.wake()
	return s.Interceptor.BindRemoteStream(info, r)
}

func (s *sleeping) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out != nil {
		s.Interceptor.BindRTCPWriter(s.out)
		s.out = nil
	}
}
