// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package internal_test

import (
	"bufio"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Why a function that parses needs no fuzz target.
const (
	own      = "- reads what this program has written itself"
	operator = "- reads settings and flags, of whoever runs the program, after FuzzConfig's checks"
	system   = "- reads what the system says"
	local    = "- reads an address of a connection, which the standard library made"
)

// parsers are all functions that take apart what came from outside, with the fuzz
// target that reaches each, or why it needs none. A function that calls a parser of
// a library and has no row fails the test, as does a row without its function or
// target; those that read byte by byte are added by hand.
//
// Codecs and wires that come later are listed here as well.
var parsers = map[string]string{
	"admin.caller.open":                 "admin.FuzzAnswers",
	"admin.Event.UnmarshalJSON":         "admin.FuzzAnswers",
	"admin.eventStream.next":            "admin.FuzzAnswers",
	"admin.Injection.UnmarshalJSON":     "admin.FuzzAnswers",
	"admin.InjectionRule.UnmarshalJSON": "admin.FuzzAnswers",
	"admin.New":                         operator,
	"admin.caller.attempt":              "admin.FuzzAnswers",
	"admin.duration":                    "admin.FuzzAnswers",
	"admin.refusal":                     "admin.FuzzAnswers",

	"internal/config.checker.console": operator,
	"internal/console.Console.call":   "internal/console.FuzzCall",
	"internal/console.decode":         "internal/console.FuzzCall",
	"internal/figures.Memory":         system,
	"internal/figures.ProcessorTime":  system,
	"internal/server.consoleDoor.url": operator,

	"internal/event/eventlog.idBytes":           "internal/event/eventlog.FuzzID",
	"internal/event/rollup.reading.number":      "internal/event/rollup.FuzzCells",
	"internal/event/rollup.eachUser":            "internal/event/rollup.FuzzCells",
	"internal/event/postings.Writer.Copy":       "internal/event/postings.FuzzEntries",
	"internal/event/postings.Entries":           "internal/event/postings.FuzzEntries",
	"internal/event/postings.Entry.pairs":       "internal/event/postings.FuzzEntries",
	"internal/event/eventlog.unpackBlock":       own,
	"internal/event/sqlite.eachInGroup":         "internal/event/sqlite.FuzzGroup",
	"internal/event/docpack.Packer.Unpack":      "internal/event/docpack.FuzzUnpack",
	"internal/event/docpack.Packer.UnpackBlock": "internal/event/docpack.FuzzUnpack",
	"internal/event/docpack.Packer.UnpackPart":  "internal/event/docpack.FuzzUnpack",
	"internal/event/docpack.Packer.unpackPart":  "internal/event/docpack.FuzzUnpack",

	"internal/api.searchBody.query": "internal/api.FuzzSearch",
	"internal/when.Around":          "internal/when.FuzzWhen",
	"internal/when.Point":           "internal/when.FuzzWhen",
	"internal/when.Split":           "internal/when.FuzzWhen",
	"internal/when.dayOf":           "internal/when.FuzzWhen",
	"internal/when.duration":        "internal/when.FuzzWhen",
	"internal/when.minuteOf":        "internal/when.FuzzWhen",

	"client.Config.origin":             "client.FuzzToken",
	"client.session.heard":             "client.FuzzFrames",
	"client.roster.heardList":          "client.FuzzFrames",
	"client.session.heardRemoved":      "client.FuzzFrames",
	"client.session.heardTrickle":      "client.FuzzFrames",
	"client.SampleReader.finish":       "client.FuzzPayload",
	"client.httpClient.exchange":       "client.FuzzAnswer",
	"client.httpClient.init":           "client.FuzzAnswer",
	"client.httpClient.loopback":       operator,
	"client.httpClient.open":           "client.FuzzAnswer",
	"client.mutedWriter.Write":         own,
	"client.isOpusHead":                "client.FuzzFiles",
	"client.ivf.parse":                 "client.FuzzFiles",
	"client.incoming.answer":           "client.FuzzOpenViduFrames",
	"client.openVidu.candidate":        "client.FuzzOpenViduFrames",
	"client.openVidu.changed":          "client.FuzzOpenViduFrames",
	"client.openVidu.heard":            "client.FuzzOpenViduFrames",
	"client.ovPeer.wire":               "client.FuzzOpenViduFrames",
	"client.streamToken":               "client.FuzzOpenViduFrames",
	"client.decoded":                   "client.FuzzFrames",
	"client.link.read":                 "client.FuzzFrames",
	"client.media.candidate":           "client.FuzzFrames",
	"client.media.channelMessage":      "client.FuzzFrames",
	"client.media.offered":             "client.FuzzFrames",
	"client.newH264":                   "client.FuzzFiles",
	"client.newIVF":                    "client.FuzzFiles",
	"client.newOgg":                    "client.FuzzFiles",
	"client.ogg.page":                  "client.FuzzFiles",
	"client.pictureSize":               "client.FuzzPayload",
	"client.readSpool":                 "client.FuzzSpool",
	"client.readToken":                 "client.FuzzToken",
	"client.refusal.UnmarshalJSON":     "client.FuzzAnswer",
	"client.refusedHTTP":               "client.FuzzAnswer",
	"client.remoteAnswer":              "client.FuzzFrames",
	"client.typed":                     "client.FuzzFrames",
	"client.wireStrings.UnmarshalJSON": "client.FuzzAnswer",

	"cmd/redial.bench.makeRooms":  "cmd/redial.FuzzAnswers",
	"cmd/redial.newAdmin":         operator,
	"cmd/redial.nextFree":         operator,
	"cmd/redial.parseLink":        "cmd/redial.FuzzLink",
	"cmd/redial.readReply":        "cmd/redial.FuzzAnswers",
	"cmd/redial.roomOfCode":       "cmd/redial.FuzzAnswers",
	"cmd/redial.runEvents":        "cmd/redial.FuzzAnswers",
	"cmd/redial.runEventsSummary": "cmd/redial.FuzzAnswers",
	"cmd/redial.runInject":        "cmd/redial.FuzzAnswers",
	"cmd/redial.usedBy":           system,
	"cmd/redial.ofCase":           own,
	"cmd/redial.askHealth":        "cmd/redial.FuzzAnswers",

	"dialect.Dialect.reverse": "dialect.FuzzExplain",
	"dialect.number":          "dialect.FuzzExplain",

	"e2e/cases.record":   operator,
	"e2e/crowd.pictures": operator,
	"e2e/crowd.run":      operator,

	"fault.decode":       "fault.FuzzJSON",
	"fault.translations": own,

	"internal/diagnose/recording.Read": operator,

	"internal/api.causes.mute":         "internal/api.FuzzDiagnoses",
	"internal/api.readSpan":            "internal/api.FuzzDiagnoses",
	"internal/api.attemptsQuery":       "internal/api.FuzzDiagnoses",
	"internal/event.ReadPlace":         "internal/api.FuzzDiagnoses",
	"internal/api.Call.QueryInt":       "internal/api.FuzzManage",
	"internal/api.Call.QueryTime":      "internal/api.FuzzManage",
	"internal/api.Events.parse":        "internal/api.FuzzManage",
	"internal/api.Events.stream":       "internal/api.FuzzManage",
	"internal/api.Events.summary":      "internal/api.FuzzManage",
	"internal/api.batchReader.read":    "internal/api.FuzzEvents",
	"internal/api.batchReader.whole":   "internal/api.FuzzEvents",
	"internal/api.callback":            "internal/api.FuzzBodies",
	"internal/api.connectionAddr":      local,
	"internal/api.parseView":           "internal/api.FuzzManage",
	"internal/api.queryOf":             "internal/api.FuzzManage",
	"internal/api.decode":              "internal/api.FuzzBodies",
	"internal/api.injections.spec":     "internal/api.FuzzManage",
	"internal/api.isJSON":              "internal/api.FuzzBodies",
	"internal/api.resolve":             "internal/api.FuzzManage",
	"internal/api.split":               "internal/api.FuzzEvents",
	"internal/api.timeOf":              "internal/api.FuzzManage",
	"internal/api.webhooks.deliveries": "internal/api.FuzzManage",

	"internal/codec.Counters.pictureID": "internal/codec.FuzzPayload",
	"internal/codec.Dependencies.Read":  "internal/codec.FuzzDependencies",
	"internal/codec.FrameNumber":        "internal/codec.FuzzDependencies",
	"internal/codec.OpusVoice":          "internal/codec.FuzzPayload",
	"internal/codec.VP9Layers.Read":     "internal/codec.FuzzDependencies",
	"internal/codec.nalWalk.next":       "internal/codec.FuzzPayload",

	"internal/config.Default":            own,
	"internal/config.isAddress":          operator,
	"internal/config.IsLoopback":         "internal/config.FuzzConfig",
	"internal/config.HTTP.OwnURL":        operator,
	"internal/config.ParseKey":           "internal/config.FuzzKeyFile",
	"internal/config.ParseNetwork":       "internal/config.FuzzConfig",
	"internal/cert.selfSign":             own,
	"internal/config.checker.acme":       "internal/config.FuzzConfig",
	"internal/config.checker.address":    "internal/config.FuzzConfig",
	"internal/config.checker.eventStore": "internal/config.FuzzConfig",
	"internal/config.checker.http":       "internal/config.FuzzConfig",
	"internal/config.checker.media":      "internal/config.FuzzConfig",
	"internal/config.checker.reach":      "internal/config.FuzzConfig",
	"internal/config.checker.receiver":   "internal/config.FuzzConfig",
	"internal/config.notDomain":          "internal/config.FuzzConfig",
	"internal/config.parse":              "internal/config.FuzzConfig",
	"internal/config.reader.setting":     "internal/config.FuzzConfig",

	"internal/datafile.manifest": own,

	"internal/diagnose.readAdvices":       own,
	"internal/diagnose.Read":              "internal/diagnose.FuzzCase",
	"internal/diagnose.labelled":          "internal/diagnose.FuzzCase",
	"internal/diagnose.view.witness":      "internal/diagnose.FuzzCase",
	"internal/diagnose.Failure.witnessAt": "internal/diagnose.FuzzCase",

	"internal/doctor.From":              operator,
	"internal/doctor.Report.clock":      "- http.ParseTime of one header; what it does not take is left out",
	"internal/doctor.Report.name":       operator,
	"internal/doctor.here.certificates": operator,
	"internal/doctor.here.domains":      operator,
	"internal/doctor.here.kernel":       system,
	"internal/doctor.here.names":        system,
	"internal/doctor.here.service":      system,
	"internal/doctor.here.turns":        operator,
	"internal/doctor.iceServers":        "internal/doctor.FuzzAnswers",
	"internal/doctor.isManagement":      "internal/doctor.FuzzAnswers",
	"internal/doctor.ntpTime":           "internal/doctor.FuzzAnswers",
	"internal/doctor.numbers":           "internal/doctor.FuzzAnswers",
	"internal/doctor.readyChecks":       "internal/doctor.FuzzAnswers",

	"internal/event.ParseAgent": "internal/event.FuzzAgent",
	"internal/event.addressEnd": "internal/event.FuzzMask",

	"internal/event/eventjson.Cursors.Open":      "internal/event/eventjson.FuzzQuery",
	"internal/event/eventjson.DecodeStored":      "internal/event/eventjson.FuzzEventJSON",
	"internal/event/eventjson.instant":           "internal/event/eventjson.FuzzQuery",
	"internal/event/eventjson.members.read":      "internal/event/eventjson.FuzzEventJSON",
	"internal/event/eventjson.moment":            "internal/event/eventjson.FuzzSummary",
	"internal/event/eventjson.parameters":        "internal/event/eventjson.FuzzQuery",
	"internal/event/eventjson.plainValue":        "internal/event/eventjson.FuzzEventJSON",
	"internal/event/eventjson.summaryParameters": "internal/event/eventjson.FuzzSummary",
	"internal/event/eventjson.truth":             "internal/event/eventjson.FuzzQuery",

	"internal/event/clickhouse.Store.dropDays": own,
	"internal/event/clickhouse.others.get":     own,
	"internal/event/clickhouse.Store.insert":   own,
	"internal/event/clickhouse.Store.fetch":    own,

	"internal/event/bitset.Set.Or":          own,
	"internal/event/bitset.Set.word":        own,
	"internal/event/eventlog.Log.amend":     own,
	"internal/event/eventlog.Log.appendOne": own,
	"internal/event/eventlog.Tx.Remember":   own,
	"internal/event/spool.Spool.Seq":        own,
	"internal/event/sqlite.Store.Get":       own,
	"internal/event/sqlite.retime":          own,

	"internal/inject.payloads.learn": "internal/inject.FuzzPayloads",

	"internal/participant.Service.peek": "internal/wire/hms.FuzzDoor",

	"internal/policy/policyjson.StoredLayout": own,

	"internal/registry.scanPeer":     own,
	"internal/registry.scanTemplate": own,

	"internal/report.Witness":      "internal/report.FuzzWitness",
	"internal/report.decode":       "internal/report.FuzzReport",
	"internal/report.HTTP":         "internal/report.FuzzReport",
	"internal/report.Note":         "internal/report.FuzzReport",
	"internal/report.Socket":       "internal/report.FuzzReport",
	"internal/report.object.ident": "internal/report.FuzzReport",
	"internal/report.object.loose": "internal/report.FuzzReport",
	"internal/report.object.read":  "internal/report.FuzzReport",
	"internal/report.one":          "internal/report.FuzzReport",
	"internal/report.parseObject":  "internal/report.FuzzReport",

	"internal/scenario.Expect.known":      "internal/scenario.FuzzRead",
	"internal/scenario.Expect.matches":    "- reads times that the reader has checked",
	"internal/scenario.Expect.understand": "internal/scenario.FuzzRead",
	"internal/scenario.Run.injection":     "- reads times that the reader has checked",
	"internal/scenario.Scenario.Length":   "- reads times that the reader has checked",
	"internal/scenario.Step.clauses":      "internal/scenario.FuzzRead",
	"internal/scenario.index":             "- reads times that the reader has checked",
	"internal/scenario.readRate":          "internal/scenario.FuzzRead",
	"internal/scenario.reader.field":      "internal/scenario.FuzzRead",
	"internal/scenario.reader.file":       "internal/scenario.FuzzRead",
	"internal/scenario.reader.step":       "internal/scenario.FuzzRead",

	"internal/server.Server.URL":        operator,
	"internal/server.Server.listenTURN": operator,
	"internal/server.Server.startTURN":  operator,
	"internal/server.portOf":            local,
	"internal/trace.New":                operator,
	"internal/turn.errorCode":           "internal/turn.FuzzMessages",
	"internal/turn.frameLength":         "internal/turn.FuzzMessages",
	"internal/turn.isRequest":           "internal/turn.FuzzMessages",
	"internal/turn.parseUsername":       "internal/turn.FuzzMessages",
	"internal/server.addressOf":         "internal/server.FuzzProxy",
	"internal/server.boundElsewhere":    operator,
	"internal/server.carrierShared":     operator,
	"internal/server.checkAddresses":    operator,
	"internal/server.cpuSeconds":        system,
	"internal/server.examples":          operator,
	"internal/server.hasPublicName":     operator,
	"internal/server.interfaces":        system,
	"internal/server.isHost":            "internal/server.FuzzProxy",
	"internal/server.isPublicHost":      "internal/server.FuzzProxy",
	"internal/server.isPublic":          operator,
	"internal/server.memoryGiven":       system,
	"internal/server.newOutside":        operator,
	"internal/server.outside.client":    "internal/server.FuzzProxy",
	"internal/server.outside.origin":    "internal/server.FuzzProxy",
	"internal/server.pageOf":            "internal/server.FuzzProxy",
	"internal/server.reserved":          operator,
	"internal/server.startMedia":        operator,

	"internal/vitals.receiveErrors":            system,
	"internal/socket.Set.Door":                 local,
	"internal/socket.pageOf":                   "internal/socket.FuzzOrigin",
	"internal/event/copy.Files.Import":         "- scans lines for Files.read",
	"internal/event/copy.Files.read":           "internal/event/copy.FuzzImport",
	"internal/event/copy.Files.readCheckpoint": own,
	"internal/api.Diagnoses.seal":              own,
	"internal/api.Diagnoses.askedAbout":        own,
	"internal/api.Diagnoses.keepAsked":         own,
	"internal/explain.Failure":                 own,
	"internal/ask.ReadFindings":                "internal/ask.FuzzFindings",
	"internal/ask.hostPort":                    operator,
	"internal/registry.Operations.Remembered":  own,
	"internal/registry.Operations.Audit":       own,
	"internal/registry.annotation":             own,
	"internal/share.Language":                  "internal/share.FuzzLink",
	"internal/share.Links.Open":                "internal/share.FuzzLink",

	"internal/sfu.Publisher.negotiate": "internal/sfu.FuzzAnswer",
	"internal/sfu.Subscriber.Accept":   "internal/sfu.FuzzAccept",
	"internal/sfu.Subscriber.apply":    "internal/sfu.FuzzAnswer",
	"internal/sfu.Subscriber.feedback": "internal/sfu.FuzzFeedback",
	"internal/sfu.conn.applyCandidate": "internal/sfu.FuzzCandidate",
	"internal/sfu.h264Profile":         "internal/sfu.FuzzFormat",
	"internal/sfu.conn.cameUp":         local,
	"internal/sfu.upstream.RTCP":       "internal/sfu.FuzzFeedback",
	"internal/sfu.listenIPs":           operator,
	"internal/sfu.paths.name":          "internal/sfu.FuzzCheck",
	"internal/sfu.sockets.listenTCP":   operator,
	"internal/sfu.splitAddr":           operator,
	"internal/sfu.transaction":         "internal/sfu.FuzzCheck",

	"internal/sfu/transport.Mux.Handle":            "internal/sfu/transport.FuzzPacket",
	"internal/sfu/transport.userName":              "internal/sfu/transport.FuzzPacket",
	"internal/sfu/transport.peer.checked":          "internal/sfu/transport.FuzzPacket",
	"internal/sfu/transport.about":                 "internal/sfu/transport.FuzzRTCP",
	"internal/sfu/transport.peer.SetRemote":        "internal/sfu/transport.FuzzDescription",
	"internal/sfu/transport.transportOf":           "internal/sfu/transport.FuzzDescription",
	"internal/sfu/transport.apt":                   "internal/sfu/transport.FuzzOffer",
	"internal/sfu/transport.codecsOf":              "internal/sfu/transport.FuzzOffer",
	"internal/sfu/transport.ExtensionOf":           "internal/sfu/transport.FuzzOffer",
	"internal/sfu/transport.sourceOf":              "internal/sfu/transport.FuzzOffer",
	"internal/sfu/transport.route.restore":         "internal/sfu/transport.FuzzRestore",
	"internal/sfu/transport.secure.arrived":        "internal/sfu/transport.FuzzMedia",
	"internal/sfu/transport.secure.receiveRTP":     "internal/sfu/transport.FuzzMedia",
	"internal/sfu/transport.secure.reported":       "internal/sfu/transport.FuzzMedia",
	"internal/sfu/transport.pionPeer.SetRemote":    "internal/sfu.FuzzAnswer",
	"internal/sfu/transport.pionPeer.AddCandidate": "internal/sfu.FuzzCandidate",
	"internal/sfu/transport.batches.destination":   local,
	"internal/sfu/transport.linkOf":                system,
	"internal/sfu/transport.port":                  system,
	"internal/sfu/gcc.SendLog.Read":                "internal/sfu/gcc.FuzzFeedback",
	"internal/sfu/gcc.chunksSize":                  "internal/sfu/gcc.FuzzFeedback",
	"internal/sfu/rtpbuf.Packet.Parse":             "internal/sfu/rtpbuf.FuzzPacket",

	"internal/sink.Sinks.Hooks":        operator,
	"internal/sink.deliveries.endOpen": own,
	"internal/sink.exporter.send":      "internal/sink.FuzzReceiver",
	"internal/sink.guardedDialer":      operator,
	"internal/sink.notPublic":          operator,
	"internal/sink.payload":            own,
	"internal/sink.retryAfter":         "internal/sink.FuzzReceiver",

	"internal/text.memberAt": "internal/text.FuzzLimits",

	"internal/token.Signed":          "internal/opentok.FuzzToken",
	"internal/token.Unsigned":        "internal/token.FuzzUnsigned",
	"internal/token.Verifier.Verify": "internal/token.FuzzVerify",
	"internal/token.Verifier.read":   "internal/token.FuzzVerify",

	"internal/wire/hms.Handler.client":       local,
	"internal/wire/hms.Handler.socketConfig": "internal/wire/hms.FuzzMethods",
	"internal/wire/hms.decodeFrame":          "internal/wire/hms.FuzzDecodeFrame",
	"internal/wire/hms.decodeIterator":       "internal/wire/hms.FuzzIterator",
	"internal/wire/hms.media.trickle":        "internal/wire/hms.FuzzMethods",

	"internal/sceenic.addresses.UnmarshalJSON": "internal/sceenic.FuzzToken",
	"internal/sceenic.claims.check":            "internal/sceenic.FuzzToken",
	"internal/sceenic.read":                    "internal/sceenic.FuzzToken",

	"internal/opentok.KeyOf":                  "internal/opentok.FuzzToken",
	"internal/opentok.PublicKey":              "internal/opentok.FuzzToken",
	"internal/opentok.readJWT":                "internal/opentok.FuzzToken",
	"internal/opentok.readOld":                "internal/opentok.FuzzToken",
	"internal/opentok.second.UnmarshalJSON":   "internal/opentok.FuzzToken",
	"internal/opentok.Service.readSessionID":  "internal/opentok.FuzzSession",
	"internal/opentok.Service.Redeem":         "internal/opentok.FuzzSession",
	"internal/opentok.Service.issue":          "internal/opentok.FuzzSession",
	"internal/api/opentok.isAddress":          "internal/api/opentok.FuzzREST",
	"internal/api/opentok.readBody":           "internal/api/opentok.FuzzREST",
	"internal/api/opentok.readFields":         "internal/api/opentok.FuzzREST",
	"internal/api/opentok.fields.text":        "internal/api/opentok.FuzzREST",
	"internal/api/opentok.fields.flag":        "internal/api/opentok.FuzzREST",
	"internal/api/opentok.fields.list":        "internal/api/opentok.FuzzREST",
	"internal/api/opentok.API.setClasses":     "internal/api/opentok.FuzzREST",
	"internal/wire/kurento.signalParams.read": "internal/wire/kurento.FuzzFrames",

	"internal/sfu.plainBinding":              "internal/sfu.FuzzSTUN",
	"internal/openvidu.decode":               "internal/openvidu.FuzzREST",
	"internal/wire/hms.session.ping":         "internal/wire/hms.FuzzMethods",
	"internal/wire/jsonrpc.Params":           "internal/wire/hms.FuzzMethods",
	"internal/wire/kurento.decodeFrame":      "internal/wire/kurento.FuzzFrames",
	"internal/wire/kurento.nameIn":           "internal/wire/kurento.FuzzFrames",
	"internal/wire/kurento.kurentoRoom.tell": own,
	"internal/wire/kurento.readDimensions":   "internal/wire/kurento.FuzzFrames",
	"internal/wire/kurento.readToken":        "internal/wire/kurento.FuzzFrames",
	"internal/wire/kurento.session.property": "internal/wire/kurento.FuzzFrames",

	"redialtest.Server.Call":   "redialtest.FuzzAnswers",
	"redialtest.Server.await":  "redialtest.FuzzAnswers",
	"redialtest.lines.Write":   "redialtest.FuzzLines",
	"redialtest.process.start": own,
}

// unlisted are packages without parsers of outside input that matter: programs of
// the project itself.
var unlisted = []string{"internal/attack", "bench/events", "bench/media", "internal/event/eventtest", "internal/faultdoc", "internal/faultdoc/gen", "internal/wire/wiretest", "e2e/probe", "e2e/authority", "client/pattern"}

// parsing tells whether a call takes input apart. It goes by names, as parsers of
// libraries have telling ones.
func parsing(call *ast.CallExpr) bool {
	fun := call.Fun
	if i, ok := fun.(*ast.IndexExpr); ok {
		fun = i.X
	}
	sel, ok := fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	return parsingName.MatchString(path(sel))
}

var parsingName = regexp.MustCompile(`^(json\.(Unmarshal|NewDecoder)|yaml\.\w*(Unmarshal|NodeToValue|NewDecoder)|parser\.ParseBytes|csv\.NewReader|bufio\.New(Scanner|Reader)|` +
	`netip\.(Must)?Parse\w+|net\.Parse\w+|url\.Parse\w*|base64\.\w+\.Decode\w*|hex\.Decode\w*|binary\.(\w+\.)?(Uint\d+|Uvarint|Varint|Read)|` +
	`strconv\.(Parse\w+|Atoi)|time\.Parse\w*|http\.ParseTime|uuid\.Parse\w*|mime\.Parse\w*|ivfreader\.New\w*|h264reader\.New\w*|oggreader\.New\w*|` +
	`\w+(\.\w+)*\.(Unmarshal|ParseWithClaims|SetRemoteDescription|AddICECandidate))$`)

// path writes a selector as it stands in the source.
func path(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return path(e.X) + "." + e.Sel.Name
	}
	return "_"
}

// position is where a function is.
type position struct {
	file     string // in the module
	from, to int    // lines
}

// foundParsers are the functions of the module that parse, and where; all of its
// functions; and its fuzz targets.
func foundParsers(t *testing.T) (found, all map[string]position, targets map[string]bool) {
	t.Helper()
	found, all, targets = map[string]position{}, map[string]position{}, map[string]bool{}
	for _, p := range list(t) {
		for _, name := range slices.Concat(p.TestGoFiles, p.XTestGoFiles) {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "Fuzz") {
					targets[p.name()+"."+f.Name.Name] = true
				}
			}
		}
		if slices.Contains(unlisted, p.name()) || strings.HasPrefix(p.name(), "examples/") {
			continue
		}
		for _, name := range p.GoFiles {
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				at := position{p.name() + "/" + name, set.Position(d.Pos()).Line, set.Position(d.End()).Line}
				all[p.name()+"."+declared(d)] = at
				ast.Inspect(d, func(n ast.Node) bool {
					if call, ok := n.(*ast.CallExpr); ok && parsing(call) {
						found[p.name()+"."+declared(d)] = at
					}
					return true
				})
			}
		}
	}
	return found, all, targets
}

// declared names a declaration: Func, Type.Method, or the first variable.
func declared(d ast.Decl) string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return d.Name.Name
		}
		of := d.Recv.List[0].Type
		if s, ok := of.(*ast.StarExpr); ok {
			of = s.X
		}
		if i, ok := of.(*ast.IndexExpr); ok {
			of = i.X
		}
		return path(of) + "." + d.Name.Name
	case *ast.GenDecl:
		if v, ok := d.Specs[0].(*ast.ValueSpec); ok {
			return v.Names[0].Name
		}
	}
	return "?"
}

// TestEveryParserHasATarget holds the list to the code.
func TestEveryParserHasATarget(t *testing.T) {
	found, all, targets := foundParsers(t)
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if _, listed := parsers[name]; !listed {
			t.Errorf("%s (%s:%d) parses and is not listed: write a fuzz target that reaches it, or say why it needs none", name, found[name].file, found[name].from)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(parsers)) {
		if _, ok := all[name]; !ok {
			t.Errorf("%s is listed and does not exist: take the row out", name)
		}
		if target := parsers[name]; !strings.HasPrefix(target, "-") && !targets[target] {
			t.Errorf("%s is to be reached by %s, which does not exist", name, target)
		}
	}
}

// TestTargetsReachTheirParsers holds what the list says to what the seeds of the
// targets do. scripts/fuzz.sh runs them and names the profile of what they
// covered, each package by its own targets.
func TestTargetsReachTheirParsers(t *testing.T) {
	file := os.Getenv("REDIAL_FUZZ_PROFILE")
	if file == "" {
		t.Skip("scripts/fuzz.sh makes the profile that says what the seeds reach")
	}
	profile, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer profile.Close()
	reached := map[string][]int{} // lines, by file
	lines := bufio.NewScanner(profile)
	for lines.Scan() {
		// module/file.go:12.3,14.5 statements count
		name, rest, ok := strings.Cut(strings.TrimPrefix(lines.Text(), module+"/"), ":")
		at, _, _ := strings.Cut(rest, ".")
		line, err := strconv.Atoi(at)
		if !ok || err != nil || strings.HasSuffix(rest, " 0") {
			continue
		}
		reached[name] = append(reached[name], line)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	_, all, _ := foundParsers(t)
	for _, name := range slices.Sorted(maps.Keys(parsers)) {
		target, at := parsers[name], all[name]
		if strings.HasPrefix(target, "-") || !strings.HasPrefix(name, target[:strings.LastIndexByte(target, '.')+1]) {
			continue // reached from another package, whose profile does not tell
		}
		if !slices.ContainsFunc(reached[at.file], func(line int) bool { return at.from <= line && line <= at.to }) {
			t.Errorf("no seed of %s reaches %s (%s:%d)", target, name, at.file, at.from)
		}
	}
}

// TestWhatParsesIsNoticed shows that the list cannot be passed by.
func TestWhatParsesIsNoticed(t *testing.T) {
	for source, want := range map[string]bool{
		"json.Unmarshal(b, &v)": true, "json.NewDecoder(r).Decode(&v)": true, "json.Marshal(v)": false, "rtcp.Unmarshal(b)": true,
		"p.Unmarshal(b)": true, "m.sub.SetRemoteDescription(d)": true, "pc.AddICECandidate(c)": true, "binary.BigEndian.Uint16(b)": true,
		"binary.BigEndian.PutUint16(b, n)": false, "base64.RawURLEncoding.DecodeString(s)": true, "strconv.Itoa(n)": false, "strconv.ParseUint(s, 10, 8)": true,
		"url.QueryEscape(s)": false, "bufio.NewScanner(r)": true, "netip.ParseAddrPort(s)": true, "parse(b)": false,
	} {
		expr, err := parser.ParseExpr(source)
		if err != nil {
			t.Fatal(err)
		}
		got := false
		ast.Inspect(expr, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			got = got || ok && parsing(call)
			return true
		})
		if got != want {
			t.Errorf("%s: %v", source, got)
		}
	}
}
