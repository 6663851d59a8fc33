// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"context"
	"encoding/json"
	"maps"
	"strings"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/wire/jsonrpc"
)

// Guests lets people in who show no token.
type Guests interface {
	// Redeem lets somebody into a room by its name, under a name of their own that
	// is the id of the peer. It fails with fault.RoomNotFound, FieldMissing,
	// FieldInvalid and Overloaded.
	Redeem(ctx context.Context, room, user string) (Grant, error)
}

// kurentoRoom is the clients of Kurento Room, which know people by their names
// and one stream of each.
type kurentoRoom struct{ guests Guests }

// webcam is the name of everybody's one stream.
const webcam = "webcam"

func (kurentoRoom) door() string { return "kurento" }

// word says a fault with the numbers of Kurento Room's server, from which
// OpenVidu's come. Of these it has others.
func (kurentoRoom) word(f *fault.Error) wireError {
	w := wordFault(dialect.OpenVidu, f)
	switch {
	case f.Kind == fault.NotJoined, f.Kind == fault.PeerNotFound:
		w.Code, w.Data.Name = 102, "USER_NOT_FOUND_ERROR_CODE"
	case f.Kind == fault.FieldMissing && f.Op == fault.OpJoin:
		w.Code, w.Data.Name = 999, "GENERIC_ERROR_CODE"
	case w.Code == 10:
		w.Code = 101
	}
	return w
}

// roomOps are the methods that these clients use in another way.
var roomOps = func() map[string]operation {
	mine := maps.Clone(ops)
	for _, method := range []string{"prepareReceiveVideoFrom", "reconnectStream", "echo", "videoData", "streamPropertyChanged", "forceDisconnect", "forceUnpublish"} {
		delete(mine, method)
	}
	mine["sendMessage"] = operation{op: fault.OpMessage, run: typed(say), cost: tells}
	mine["unsubscribeFromVideo"] = operation{op: fault.OpSubscribe, run: typed(unsubscribeFrom), cost: free}
	mine["customRequest"] = lacks(fault.OpUpdate, "requests of an app's own")
	return mine
}()

func (kurentoRoom) op(method string) (operation, bool) {
	o, known := roomOps[method]
	return o, known
}

type roomParams struct {
	User string `json:"user"`
	Room string `json:"room"`
}

func (o kurentoRoom) read(l *line, params json.RawMessage) (application, error) {
	p, err := jsonrpc.Params[roomParams](params)
	if err != nil {
		return application{}, err
	}
	l.agent.SDK = "kurento-room"
	return application{
		who:    participant.Profile{Name: p.User},
		redeem: func(ctx context.Context) (Grant, error) { return o.guests.Redeem(ctx, p.Room, p.User) },
	}, nil
}

// named is a peer as these clients know it.
type named struct {
	ID      room.PeerID   `json:"id"`
	Streams []namedWebcam `json:"streams,omitempty"`
}

type namedWebcam struct {
	ID string `json:"id"`
}

func nameOf(c connection) named {
	n := named{ID: c.ID}
	if len(c.Streams) > 0 {
		n.Streams = []namedWebcam{{webcam}}
	}
	return n
}

func (kurentoRoom) result(s *session, _ room.Snapshot, others []connection) any {
	list := make([]named, len(others))
	for i, c := range others {
		list[i] = nameOf(c)
	}
	return map[string]any{"value": list, "sessionId": s.id}
}

// tell words a notification for these clients; false for one that they do not
// know.
func (kurentoRoom) tell(s *session, method string, params any) (any, bool) {
	raw, _ := json.Marshal(params)
	var p struct {
		Connection room.PeerID `json:"connectionId"`
		From       room.PeerID `json:"from"`
		Data       string      `json:"data"`
	}
	_ = json.Unmarshal(raw, &p)
	switch method {
	case "participantJoined", "participantPublished":
		if c, ok := params.(connection); ok {
			return nameOf(c), true
		}
	case "participantUnpublished", "participantLeft":
		return map[string]any{"name": p.Connection}, true
	case "participantEvicted":
		return struct{}{}, true
	case "iceCandidate", "mediaError":
		return params, true
	case "sendMessage":
		return map[string]any{"room": s.grant.Session, "user": p.From, "message": p.Data}, true
	}
	return nil, false
}

// sender takes the name of a peer with that of its stream, NAME_webcam.
func (kurentoRoom) sender(s *session, text string) (room.PeerID, Stream, error) {
	peer := senderName(text)
	t, known := s.told[peer]
	switch {
	case peer == s.p.ID() || known && t.stream.ID == "":
		return "", Stream{}, fault.StreamNotPublished.New("peer", peer)
	case !known:
		return "", Stream{}, fault.PeerNotFound.New("field", "sender", "peer", clip(text, 200))
	}
	return peer, t.stream, nil
}

func senderName(text string) room.PeerID { return room.PeerID(strings.TrimSuffix(text, "_"+webcam)) }

// unsubscribeFrom is unsubscribe by the name of the stream.
func unsubscribeFrom(s *session, ctx context.Context, c *call, p senderParams) (any, error) {
	if peer := senderName(p.Sender); peer != "" {
		if _, known := s.told[peer]; !known && peer != s.p.ID() {
			return nil, fault.PeerNotFound.New("field", "sender", "peer", clip(p.Sender, 200))
		}
	}
	p.Sender = string(senderName(p.Sender))
	return s.unsubscribe(ctx, c, p)
}

type sayParams struct {
	Message string `json:"message"`
	User    string `json:"userMessage"`
	Room    string `json:"roomMessage"`
}

// say tells everybody something, its sender included. Both names are the
// client's own.
func say(s *session, ctx context.Context, c *call, p sayParams) (any, error) {
	switch {
	case p.User != "" && p.User != string(s.p.ID()):
		return nil, fault.PeerNotFound.New("field", "userMessage", "want", s.p.ID(), "got", clip(p.User, 128))
	case p.Room != "" && p.Room != s.grant.Session:
		return nil, fault.RoomNotFound.New("field", "roomMessage", "want", s.grant.Session, "got", clip(p.Room, 128))
	}
	msg := room.Message{Type: "chat", Body: p.Message}
	if _, err := s.p.Room().Send(ctx, s.p.ID(), msg); err != nil {
		return nil, err
	}
	c.then = func() { s.tellMessage(room.Message{Type: msg.Type, Body: msg.Body, From: &room.Peer{ID: s.p.ID()}}) }
	return nil, nil
}

func (kurentoRoom) several() bool                                { return false }
func (kurentoRoom) describe(*session, room.Peer, []view)         {}
func (kurentoRoom) evicted(e eviction, _ *fault.Error) eviction  { return e }
func (kurentoRoom) again(stage, *subscription) error             { return nil }
func (kurentoRoom) update(*session, room.Update)                 {}
func (kurentoRoom) broken(*session, *subscription, *fault.Error) {}
