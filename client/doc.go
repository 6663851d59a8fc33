// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package client joins rooms of a Redial server, or of any server that speaks
// the same wire, from Go: robots, recorders, monitors, load tests and desktop
// apps.
//
//	room, err := client.Join(ctx, client.Config{
//		Endpoint: "https://video.example.org",
//		Token:    token, // or RoomCode
//		Name:     "Robot",
//	})
//	if err != nil {
//		log.Fatal(client.Describe(err).User)
//	}
//	defer room.Leave()
//	pub, err := room.Publish(ctx, client.Pattern())
//
// # What it does
//
//   - [Join] enters a room with a token or a room code; [StartPreview] looks before.
//   - [Room.Publish] sends any webrtc.TrackLocal: your own, a [File] (IVF, Ogg,
//     H.264), or [Pattern], [SimulcastPattern] and [Tone], which need no encoder.
//     [WithLayers] adds simulcast. [Publication] mutes and withdraws it.
//   - [Listener] OnTrack tells of the tracks of others. Sound comes by itself, video
//     in the layer that [RemoteTrack.SetLayer] or [Config] AutoSubscribe asks for.
//     Read it as packets ([RemoteTrack.ReadRTP]), as what a decoder takes
//     ([RemoteTrack.Samples]), or into a file ([Record]).
//   - Messages, metadata, names, raised hands, roles, muting and removing others,
//     ending the room, searching for peers: the methods of [Room].
//   - [Room.Stats] is the session in numbers.
//
// # Life of a session
//
//	            Join
//	             │ refused, unreachable, cancelled: the error is returned
//	             ▼
//	┌──────── joined ◄────────────┐
//	│            │ a path is lost │ every lost path is back: OnReconnected
//	│            ▼                │
//	│       reconnecting ─────────┘   first: OnReconnecting(cause)
//	│            │ one path stays lost for Config.ReconnectWindow, or the server
//	│            │ refuses for good: OnError(err), Describe(err).Terminal is true
//	│            ▼
//	└────────► ended: Done is closed, Err says why (nil after Leave)
//	 Leave, the context ends, removed, room ended
//
// A session stands on three paths: the signalling socket, the connection that
// publishes and the one that subscribes. Each is watched and mended by itself:
// the socket by connecting anew as the same peer, the publishing connection by
// an ICE restart (RFC 8445, 2.4), the subscribing one by waiting for the server's
// restart, and both by being built anew when the server itself was restarted.
// Tracks that were published stay published, muted ones stay muted, and what was
// subscribed to stays subscribed to; [Publication] and [RemoteTrack] stay valid.
//
// When a path stays lost for the whole window, 50 seconds unless configured, the
// session ends with one terminal error that says what was really lost:
//
//	code  fault                 what was lost
//	4005  ice.failed            media only: the socket is well
//	2003  endpoint.unreachable  the server: the network works (media flows on, or the
//	                            host refuses connections) but the endpoint does not answer
//	1003  signal.lost           the network: neither media nor the endpoint is there, or
//	                            the endpoint answers and yet the socket cannot be kept
//
// # Errors
//
// Every error is a [*fault.Error], whether it is returned by a call or given to
// [Listener.OnError]; errors.Is(err, fault.RoomLocked) matches its kind, and
// [Describe] words it: 100ms code and name, terminal or not, whether joining
// again with the same configuration can work, category, what to do, and what to
// tell the user. OnError is for what no call of yours can return: errors that
// are not terminal are information, a terminal one is the last callback but one.
// A call that is refused returns its error, changes nothing, and is not repeated
// to OnError.
//
// # Goroutines
//
// All callbacks run one after the other on one goroutine, in the order in which
// things happened; see [Listener]. Ending the context given to [Join] does what
// [Room.Leave] does. When Leave returns, no goroutine, socket or file of the
// session is left.
package client
