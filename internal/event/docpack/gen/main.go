// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Command gen writes the dictionary that documents of events are packed with: documents
// of made-up people, of every type and of every fault. It is run by "go generate
// ./internal/event/docpack". Files keep the dictionary they were written with, so
// another one harms none.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// record is evidence of a connection that failed, with what records have most.
const record = `"evidence":{"v":1,"at":"2026-11-26T21:12:17.291Z","path":{"side":"subscribe","state":"failed","since":"2026-11-26T21:12:17.291Z","dtls":"connected","pairs":[{"protocol":"udp","local":"host","remote":"prflx","selected":true,"state":"succeeded","asked":"2026-11-26T21:11:45.81Z","answered":"2026-11-26T21:11:45.81Z","in":"2026-11-26T21:11:47.074Z","out":"2026-11-26T21:11:58.055Z"},{"protocol":"tcp","local":"srflx","remote":"relay","state":"in-progress"}],"candidates":{"host":4,"srflx":0,"relay":0,"tcp":2,"mdns":0},"stun":true,"stun_at":"2026-11-26T21:11:45.81Z","rtp":{"in":"2026-11-26T21:11:47.608Z"},"rtcp":{"in":"2026-11-26T21:11:46.815Z","out":"2026-11-26T21:11:57.79Z"},"traffic":[{"protocol":"udp","class":"stun","in":{"packets":8,"first":"2026-11-26T21:11:45.81Z","last":"2026-11-26T21:11:47.074Z"},"out":{"packets":14,"first":"2026-11-26T21:11:45.81Z","last":"2026-11-26T21:11:58.055Z"}},{"protocol":"udp","class":"dtls","in":{"packets":13,"first":"2026-11-26T21:11:45.816Z","last":"2026-11-26T21:11:46.745Z","largest":554},"out":{"packets":14,"first":"2026-11-26T21:11:45.816Z","last":"2026-11-26T21:11:46.745Z","largest":625}},{"protocol":"udp","class":"media","in":{"packets":21},"out":{"packets":2331}},{"protocol":"tcp","class":"stun","in":{"packets":5,"first":"2026-11-26T21:11:45.81Z","last":"2026-11-26T21:11:45.815Z"},"out":{"packets":5,"first":"2026-11-26T21:11:45.81Z","last":"2026-11-26T21:11:45.815Z"}}],"restarts":1,"tracks":[{"id":"","kind":"video","codec":"vp8","packets":0,"keyframes":0,"keyframes_asked":1,"announced":"2026-11-26T21:11:45.802Z","first":"2026-11-26T21:11:46.05Z","first_key":"2026-11-26T21:11:46.05Z","state":"open","wanted":"high","target":"high","current":"high"},{"id":"","kind":"audio","codec":"opus","packets":149,"keyframes":0}],"changes":[{"what":"ice","state":"connected","at":"2026-11-26T21:11:45.81Z"},{"what":"connection","state":"disconnected","at":"2026-11-26T21:12:06.077Z"}]},"socket":{"opened":"2026-11-26T21:11:45.781Z","in":"2026-11-26T21:11:46.358Z","out":"2026-11-26T21:11:58.291Z","ended":"2026-11-26T21:12:06.363Z","by":"server","how":"silence","code":1006,"unacked_bytes":7522,"door":{"proto":"HTTP/1.1","tls":false,"proxied":false,"origin":"https://","client":"ipv4 private","local":"ipv4 private","client_hash":"","local_hash":""},"before":0},"token":{"iat":"2026-11-26T21:11:45Z","nbf":"2026-11-26T21:11:45Z","exp":"2026-11-27T21:11:45Z","now":"2026-11-26T21:11:45.781Z"},"same_user":[{"since":"2026-11-26T21:11:45.781Z","same_address":true,"same_agent":true}],"reach":[{"protocol":"udp","address":"ipv4 public","hash":"","through":4,"networks":2,"probed":"2026-11-26T21:11:40.748Z","answered":"2026-11-26T21:11:40.803Z","judged":"good"},{"protocol":"tcp","address":"ipv4 private","hash":"","through":0,"networks":0,"probed":"2026-11-26T21:11:40.748Z","answered":"2026-11-26T21:11:40.804Z","judged":"good"}],"self":{"version":"","started":"2026-11-26T21:11:40.73Z","files":37,"max_files":20000,"events_waiting":0},"clipped":true}`

var agents = []string{
	"os:web_ChromeOS,os_version:0,sdk:web,sdk_version:0.13.0,device_model:Edge_142.0.0.0,is_prebuilt:true,domain:app.example.org",
	"os:linux,os_version:amd64,sdk:go,sdk_version:1.0.0,device_model:go1.26.8",
	"os:iOS_18.1,sdk:ios,sdk_version:1.16.0,device_model:iPhone16_2,framework:react-native,framework_version:0.76",
	"os:Android_15,sdk:android,sdk_version:2.9.70,device_model:Samsung_SM-S931B",
	"os:web_Android,os_version:15,sdk:web,sdk_version:0.14.4,device_model:Chrome_141.0.0.0",
	"os:web_iOS,os_version:18.1,sdk:web,sdk_version:0.15.1,device_model:Apple_mobile/Safari_26.1",
	"os:web_macOS,os_version:10.15.7,sdk:web,sdk_version:0.15.2,device_model:Safari_26.1,domain:app.example.org,is_prebuilt:false",
	"os:web_Linux,os_version:x86_64,sdk:web,sdk_version:0.15.2,device_model:Firefox_145.0,domain:app.example.org,is_prebuilt:false",
	"os:web_Windows,os_version:10,sdk:web,sdk_version:0.15.2,device_model:Chrome_142.0.0.0,domain:app.example.org,is_prebuilt:false",
}

var types = map[fault.Op]struct {
	typ    event.Type
	action string
}{
	fault.OpPublish: {event.PublishFailed, "PUBLISH"}, fault.OpJoin: {event.JoinFailed, "JOIN"}, fault.OpSubscribe: {event.SubscribeFailed, "SUBSCRIBE"},
	fault.OpInit: {event.ConnectFailed, "INIT"}, fault.OpReconnect: {event.Disconnected, "RECONNECT_SIGNAL"},
}

// at is a time of the documents; their digits are those of nobody.
var at = time.Date(2026, 11, 26, 21, 11, 45, 123456789, time.UTC)

func subject(agent string) event.Subject {
	return event.Subject{UserProof: event.ProofToken, Role: "guest", Agent: event.ParseAgent(agent)}
}

func main() {
	var b bytes.Buffer
	kinds := fault.All()
	slices.SortFunc(kinds, func(a, b *fault.Kind) int { return len(a.Ops) - len(b.Ops) })
	for _, k := range kinds {
		fmt.Fprintf(&b, `"fault":%q,"message":%q`+"\n", k.ID, k.Title)
	}
	b.WriteString(record + "\n")
	for i, agent := range agents {
		ops := []fault.Op{fault.OpInit, fault.OpReconnect, fault.OpSubscribe, fault.OpJoin, fault.OpPublish}
		write(&b, failure(agent, ops[i%len(ops)], i))
		write(&b, track(agent, []string{"audio", "video"}[i%2], i))
	}
	if err := os.WriteFile("dictionary.txt", b.Bytes(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
	fmt.Println(b.Len(), "bytes")
}

func failure(agent string, op fault.Op, i int) event.Event {
	e := event.Event{ID: "01a3b8c4-5d0d-8f2e-9c11-2b6a0a3967d5", Time: at, Type: types[op].typ, Op: op, Action: types[op].action, Source: event.FromClient, Subject: subject(agent)}
	e.Fault, e.Domain = fault.ICEDisconnected.ID, "app.example.org"
	e.ClientTime = at.Truncate(time.Millisecond)
	e.Failure = event.Failure{
		Code: 4006, Name: "ICEDisconnected", Message: "[" + e.Action + "]: Ice connection state DISCONNECTED", Terminal: i%4 == 0,
		Description: "local candidate - candidate:1267094175 1 udp 41886207 redacted-ip.invalid 53039 typ relay raddr redacted-ip.invalid rport 53039 generation 0 ufrag network-id 1 network-cost 10, remote candidate - candidate:842163049 1 udp 1677729535 redacted-ip.invalid 7882 typ srflx",
	}
	e.Extra = map[string]json.RawMessage{"retries_join": json.RawMessage("0"), "transport_state": json.RawMessage(`"Joined"`)}
	if i%2 == 0 {
		e.Extra = map[string]json.RawMessage{
			"audio": json.RawMessage(`{"bitrate":32}`), "video": json.RawMessage(`{"bitrate":850,"framerate":30,"width":1280,"height":720}`),
			"devices": json.RawMessage(`{"audioInput":[],"audioOutput":[],"videoInput":[]}`), "endpoint": json.RawMessage(`"wss://"`), "transport_state": json.RawMessage(`"Reconnecting"`),
		}
		seen := event.Seen{Fault: fault.ICEFailed.ID, Op: op, Taken: at, Failure: event.Failure{Code: 4005, Name: "ICEFailure", Message: "The media connection failed"}, Action: e.Action}
		told := event.Told{Failure: e.Failure, Action: e.Action, Dialect: "hms", Fault: e.Fault, Op: op, At: e.ClientTime, Taken: at}
		e.Source, e.Client, e.Server = event.FromBoth, &told, &seen
	}
	e.Dialect = "hms"
	return e
}

func track(agent, kind string, i int) event.Event {
	e := event.Event{ID: "01a3b8c4-5d0d-7f2e-9c11-2b6a0a3967d5", Time: at, Type: []event.Type{event.TrackRemoved, event.TrackUpdated, event.TrackAdded}[i%3], Op: fault.OpPublish, Source: event.FromServer, Subject: subject(agent)}
	e.Track = &event.Track{ID: "{", StreamID: "{", Kind: kind, Source: "regular", PeerJoinedAt: at, StartedAt: at}
	if e.Type == event.TrackRemoved {
		e.Track.StoppedAt = at
	}
	return e
}

func write(b *bytes.Buffer, e event.Event) {
	// Ids of nobody: what stands around them is what matters.
	e.UserID, e.UserName, e.PeerID, e.AccountID = "u", "n", "p", "redial"
	e.RoomID, e.SessionID, e.RoomName, e.TemplateID = "r", "s", "r", "t"
	b.Write(eventjson.AppendStored(nil, &e, nil))
	b.WriteByte('\n')
}
