// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"testing"

	"github.com/pion/webrtc/v4"
)

// TestAConnectionOnItsWayUpIsNotRestarted: after the server was restarted the publishing
// connection is made anew, and whoever waits for it makes no second offer between the
// answer and the first check. Without an answer there is an offer, with the same
// credentials.
func TestAConnectionOnItsWayUpIsNotRestarted(t *testing.T) {
	here, there := connectionFor(t), connectionFor(t)
	if opt, needed := anotherOffer(here); !needed || opt != nil {
		t.Errorf("before the answer: %+v, %v", opt, needed)
	}
	goOn := make(chan struct{})
	here.SCTP().Transport().ICETransport().OnConnectionStateChange(func(webrtc.ICETransportState) { <-goOn })
	t.Cleanup(func() { close(goOn) })
	if _, err := here.CreateDataChannel("any", nil); err != nil {
		t.Fatal(err)
	}
	offer, err := localOffer(here, nil)
	if err == nil {
		err = there.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer})
	}
	if err != nil {
		t.Fatal(err)
	}
	answer, err := there.CreateAnswer(nil)
	if err == nil {
		err = there.SetLocalDescription(answer)
	}
	if err == nil {
		err = remoteAnswer(here, answer.SDP)
	}
	if err != nil {
		t.Fatal(err)
	}
	if state := here.ConnectionState(); state != webrtc.PeerConnectionStateNew {
		t.Fatalf("the connection is %s already: this test shows nothing any more", state)
	}
	if opt, needed := anotherOffer(here); needed {
		t.Errorf("after the answer: %+v", opt)
	}
}
