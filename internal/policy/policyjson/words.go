// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package policyjson

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/policy"
)

// permissions are those whose name in this form is another one.
var permissions = map[policy.Permission]string{
	policy.ChangeRole: "changeRole", policy.EndRoom: "endRoom", policy.RemoveOthers: "removeOthers",
	policy.PollRead: "pollRead", policy.PollWrite: "pollWrite",
}

// fields are the words of this form that a [policy.Field] has others for, which
// stand beside them.
var fields = map[string]string{
	"publishParams": "publish", "subscribeParams": "subscribe", "maxPeerCount": "max_peers",
	"bitRate": "bit_rate", "frameRate": "frame_rate", "scaleResolutionDownBy": "scale_resolution_down_by",
	"maxBitrate": "max_bitrate", "maxFramerate": "max_framerate",
	"subscribeToRoles": "to_roles", "maxSubsBitRate": "max_bit_rate", "subscribeDegradation": "degradation",
	"packetLossThreshold": "packet_loss_threshold", "degradeGracePeriodSeconds": "degrade_grace_seconds",
	"recoverGracePeriodSeconds": "recover_grace_seconds",
	"roomState":                 "room_state", "messageInterval": "message_interval",
}

// wording is fields the other way round.
var wording = func() map[string]string {
	of := make(map[string]string, len(fields))
	for word, ours := range fields {
		of[ours] = word
	}
	return of
}()

// Word is an error in the words of this form: a fault says which field of a
// template is wrong, and which permission is missing, as the template's author
// knows them. Other errors stay as they are.
func Word(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	if worded := WordFault(f); worded != f {
		return worded
	}
	return err // whatever is around the fault stays
}

// WordFault is [Word] for a fault.
func WordFault(f *fault.Error) *fault.Error {
	for i, d := range f.Details {
		word, known := "", false
		if at, ok := d.Value.(policy.Field); ok {
			word, known = field(at), true
		} else if d.Name == "permission" {
			word, known = permissions[policy.Permission(fmt.Sprint(d.Value))]
		}
		if known {
			worded := *f
			worded.Details = slices.Clone(f.Details)
			worded.Details[i].Value = word
			f = &worded
		}
	}
	return f
}

// field names a field as this form does.
func field(f policy.Field) string {
	words := strings.Split(f.Path, ".")
	for i, w := range words {
		name, index, listed := strings.Cut(w, "[")
		if other, ok := wording[name]; ok {
			name = other
		}
		if listed {
			name += "[" + index
		}
		words[i] = name
	}
	return policy.Field{Role: f.Role, Path: strings.Join(words, ".")}.String()
}
