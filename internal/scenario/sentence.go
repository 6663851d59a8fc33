// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redial-rtc/redial/admin"
)

// mistake is what is wrong with a sentence.
type mistake struct{ what, fix string }

func wrong(fix, format string, args ...any) *mistake {
	return &mistake{fmt.Sprintf(format, args...), fix}
}

// verb is one thing a sentence can say.
type verb struct {
	name  string
	usage string   // what follows the name
	about string   // for the list
	what  []string // the words that may follow at once; nil: any word; "-": none
	more  []string // the clauses it takes beside those every fault takes
	need  string   // a clause it cannot do without
	apply func(s *Step, what string)
}

// packetWords are what can be lost, delayed or damaged.
var packetWords = []string{"packets", "udp", "tcp", "stun", "dtls", "rtp", "rtcp", "media", "audio", "video"}

func aim(s *Step, what string) {
	switch what {
	case "packets":
	case "udp", "tcp":
		s.Inject.Network = admin.Network(what)
	default:
		s.Inject.Packets = admin.Packets(what)
	}
}

func at(mechanism string) func(*Step, string) {
	return func(s *Step, _ string) { s.Inject.At = mechanism }
}

// byWord chooses a mechanism, or fault, by the word that follows.
func byWord(faults map[string]admin.Injection) (words []string, apply func(*Step, string)) {
	for w := range faults {
		words = append(words, w)
	}
	slices.Sort(words)
	return words, func(s *Step, what string) {
		s.Inject.Fault, s.Inject.At = faults[what].Fault, faults[what].At
	}
}

func method(s *Step, what string) {
	if what != "calls" {
		s.Inject.Method = what
	}
}

// verbs is the closed set, in the order in which it is shown.
func verbs() []verb {
	direction := []string{"incoming", "outgoing", "on"}
	socket := []string{"socket"}
	sdp, breakSDP := byWord(map[string]admin.Injection{"sdp": {At: "half-sdp"}, "fingerprint": {At: "wrong-fingerprint"}})
	return []verb{
		{"lose", "packets|udp|tcp|stun|dtls|rtp|rtcp|media|audio|video [20%]", "packets are dropped, all or a share", packetWords, append(direction, "%"), "",
			func(s *Step, what string) {
				s.Inject.At = "blackhole"
				if s.Inject.Probability > 0 {
					s.Inject.At = "loss"
				}
				aim(s, what)
			}},
		{"delay", "packets|udp|... by 200ms", "packets arrive late", packetWords, append(direction, "by"), "by",
			func(s *Step, what string) { s.Inject.At = "delay"; aim(s, what) }},
		{"damage", "packets|udp|... [5%]", "a share of the packets is damaged", packetWords, append(direction, "%"), "",
			func(s *Step, what string) { s.Inject.At = "corrupt"; aim(s, what) }},
		{"limit", "bandwidth to 300kbps", "packets beyond a rate are dropped", []string{"bandwidth"}, append(direction, "to"), "to", at("bandwidth")},
		{"starve", "keyframes", "requests for key frames never reach the publisher", []string{"keyframes"}, nil, "", at("keyframes")},
		{"cut", "socket", "the socket's TCP connection ends without a close frame", socket, nil, "", at("cut")},
		{"close", "socket", "the socket ends with a close frame", socket, nil, "", at("close")},
		{"silence", "socket", "nothing is sent on the socket any more", socket, nil, "", at("silence")},
		{"hide", "server", "nothing answers for /init and the socket", []string{"server"}, nil, "", at("unreachable")},
		{"refuse", "init|upgrade|calls|METHOD [with FAULT]", "a request or call is refused", nil, []string{"with"}, "",
			func(s *Step, what string) {
				switch what {
				case "init":
					s.Inject.At = "init"
				case "upgrade":
					s.Inject.At = "upgrade"
				default:
					s.Inject.At = "call"
					method(s, what)
				}
			}},
		{"garble", "init", "GET /init answers with a page that is not JSON", []string{"init"}, nil, "", at("rubbish")},
		{"slow", "calls|METHOD by 2s", "calls are answered late", nil, []string{"by"}, "by",
			func(s *Step, what string) { s.Inject.At = "slow"; method(s, what) }},
		{"ignore", "METHOD", "calls of a method, such as offer or ping, are never answered", nil, nil, "",
			func(s *Step, what string) { s.Inject.At = "hang"; method(s, what) }},
		{"expire", "token", "tokens have expired", []string{"token"}, nil, "", func(s *Step, _ string) { s.Inject.Fault, s.Inject.At = "token.expired", "token" }},
		{"revoke", "token", "tokens are revoked, and who is inside by them is put out", []string{"token"}, nil, "",
			func(s *Step, _ string) { s.Inject.Fault, s.Inject.At = "token.revoked", "token" }},
		{"skew", "clock by 2h|-2h", "tokens are judged by a clock that is wrong", []string{"clock"}, []string{"by"}, "by",
			func(s *Step, _ string) { s.Inject.At = "clock" }},
		{"fill", "room", "the room is full for newcomers", []string{"room"}, nil, "", func(s *Step, _ string) { s.Inject.Fault, s.Inject.At = "room.full", "room" }},
		{"lock", "room", "the room is locked for newcomers", []string{"room"}, nil, "", func(s *Step, _ string) { s.Inject.Fault, s.Inject.At = "room.locked", "room" }},
		{"disable", "room", "the room is disabled for newcomers", []string{"room"}, nil, "", func(s *Step, _ string) { s.Inject.Fault, s.Inject.At = "room.disabled", "room" }},
		{"kick", "peer", "the peer is removed from the room", []string{"peer"}, nil, "", at("kick")},
		{"move", "peer", "the peer must go on on another node", []string{"peer"}, nil, "", at("migrate")},
		{"restart", "node", "the node restarts", []string{"node"}, nil, "", at("restart")},
		{"break", "sdp|fingerprint", "session descriptions are cut in half, or name the wrong certificate", sdp, nil, "", breakSDP},
		{"mute", "camera", "the peer is asked to switch its video off", []string{"camera"}, nil, "", at("camera-off")},
		{"fail", "store", "reports cannot be stored", []string{"store"}, nil, "", at("store")},
		{"tell", "FAULT", "the client is told an error that ends its session", nil, nil, "", func(s *Step, what string) { s.Inject.Fault, s.Inject.At = what, "error" }},
		{"inject", "FAULT [at MECHANISM]", "any fault, number or mechanism that \"redial inject -list\" shows", nil, append(direction, "%", "by", "to", "at", "method"), "",
			func(s *Step, what string) { s.Inject.Fault = what }},
		{"expect", "FAULT|NUMBER|EVENT within 10s, or no ... for 10s", "waits for an event that is marked as injected; \"errors\" is any of them", nil, nil, "", nil},
		{"restore", "everything", "everything that was provoked so far ends", []string{"everything"}, nil, "", nil},
		{"say", "TEXT", "tells whoever watches", nil, nil, "", nil},
		{"end", "", "the scenario is over", nil, nil, "", nil},
	}
}

func verbNames() []string {
	var names []string
	for _, v := range verbs() {
		names = append(names, v.name)
	}
	return names
}

// Grammar is what a step can say, for people.
func Grammar() string {
	var b strings.Builder
	for _, v := range verbs() {
		fmt.Fprintf(&b, "  %-74s %s\n", strings.TrimSpace(v.name+" "+v.usage), v.about)
	}
	b.WriteString("\nA fault can also say: for 8s, of peer NAME, of user ID, of role ROLE, 3 times, and with\npackets: incoming, outgoing, on publish, on subscribe.\n")
	return b.String()
}

// understand reads the text of a step.
func (s *Step) understand() *mistake {
	words := strings.Fields(s.Text)
	if len(words) == 0 {
		return wrong("possible: "+strings.Join(verbNames(), ", "), "says nothing")
	}
	i := slices.IndexFunc(verbs(), func(v verb) bool { return v.name == words[0] })
	if i < 0 {
		return wrong(meant(words[0], verbNames()), "%q is nothing that can be done", words[0])
	}
	v, words := verbs()[i], words[1:]
	switch v.name {
	case "say":
		s.Do = DoSay
		if len(words) == 0 {
			return wrong("write the text after it", "says nothing")
		}
		return nil
	case "end":
		s.Do = DoEnd
		if len(words) > 0 {
			return wrong("nothing follows end", "%q is too much", words[0])
		}
		return nil
	case "expect":
		s.Do = DoExpect
		return s.Expect.understand(words)
	}
	if len(words) == 0 {
		return wrong("write it as: "+v.name+" "+v.usage, "%q is not all", v.name)
	}
	what, words := words[0], words[1:]
	if v.what != nil && !slices.Contains(v.what, what) {
		return wrong(meant(what, v.what), "%q is nothing to %s", what, v.name)
	}
	if v.name == "restore" {
		s.Do = DoRestore
		if len(words) > 0 {
			return wrong("nothing follows restore everything", "%q is too much", words[0])
		}
		return nil
	}
	seen, bad := s.clauses(v, words)
	if bad != nil {
		return bad
	}
	if v.need != "" && !slices.Contains(seen, v.need) {
		return wrong("write it as: "+v.name+" "+v.usage, "%q is missing", v.need)
	}
	v.apply(s, what)
	return nil
}

// clauses reads what follows the verb and its object, and returns which there
// were.
func (s *Step) clauses(v verb, words []string) (seen []string, bad *mistake) {
	allowed := append([]string{"for", "of", "times"}, v.more...)
	in := &s.Inject
	for len(words) > 0 {
		word, clause := words[0], words[0]
		value := ""
		switch {
		case strings.HasSuffix(word, "%"):
			clause, value, words = "%", word, words[1:]
		case word == "incoming", word == "outgoing":
			words = words[1:]
		case len(words) > 1 && words[1] == "times":
			clause, value, words = "times", word, words[2:]
		case word == "of" && len(words) > 2:
			value, words = words[1]+" "+words[2], words[3:]
		case len(words) > 1 && slices.Contains([]string{"for", "of", "on", "by", "to", "with", "at", "method"}, word):
			value, words = words[1], words[2:]
		default:
			return nil, wrong("possible after "+v.name+": "+strings.Join(allowed, ", "), "%q is not understood", word)
		}
		if !slices.Contains(allowed, clause) {
			return nil, wrong("possible after "+v.name+": "+strings.Join(allowed, ", "), "%q does not go with %s", word, v.name)
		}
		if slices.Contains(seen, clause) && clause != "of" {
			return nil, wrong("keep one", "%q is there twice", clause)
		}
		seen = append(seen, clause)
		switch clause {
		case "for":
			d, err := time.ParseDuration(value)
			if err != nil || d <= 0 || d > MaxLength {
				return nil, wrong("possible: for 1ms to for "+MaxLength.String(), "for %q is not a length of time", value)
			}
			in.For = d
		case "by":
			d, err := time.ParseDuration(value)
			if err != nil || d == 0 || d < 0 && v.name != "skew" {
				return nil, wrong("possible: by 200ms, by 2s", "by %q is not a length of time", value)
			}
			if v.name == "skew" {
				in.Skew = d
			} else {
				in.Delay = d
			}
		case "to":
			rate, ok := readRate(value)
			if !ok {
				return nil, wrong("possible: to 300kbps, to 1.5Mbps", "%q is not a rate", value)
			}
			in.RateKbps = rate
		case "%":
			f, err := strconv.ParseFloat(strings.TrimSuffix(value, "%"), 64)
			if err != nil || !(f > 0 && f <= 100) {
				return nil, wrong("possible: 0.1% to 100%", "%q is not a share", value)
			}
			in.Probability = f / 100
		case "times":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 {
				return nil, wrong("possible: 1 times, 3 times", "%q is not a number of times", value)
			}
			in.Count = n
		case "of":
			kind, name, _ := strings.Cut(value, " ")
			switch kind {
			case "peer":
				in.Peer = name
			case "user":
				in.User = name
			case "role":
				in.Role = name
			default:
				return nil, wrong("possible: of peer NAME, of user ID, of role ROLE", "%q is nobody", "of "+value)
			}
		case "on":
			if value != "publish" && value != "subscribe" {
				return nil, wrong("possible: on publish, on subscribe", "%q is no connection", "on "+value)
			}
			in.Side = admin.Side(value)
		case "incoming":
			in.Direction = admin.In
		case "outgoing":
			in.Direction = admin.Out
		case "with":
			in.Fault = value
		case "at":
			in.At = value
		case "method":
			in.Method = value
		}
	}
	return seen, nil
}

// readRate reads a rate in kbit/s.
func readRate(s string) (int, bool) {
	low := strings.ToLower(s)
	for _, unit := range []struct {
		name string
		kbps float64
	}{{"kbps", 1}, {"mbps", 1000}} {
		if number, ok := strings.CutSuffix(low, unit.name); ok {
			f, err := strconv.ParseFloat(number, 64)
			n := int(math.Round(f * unit.kbps))
			return n, err == nil && n >= 1 && n <= 1_000_000
		}
	}
	return 0, false
}

// understand reads "FAULT within 10s" or "no FAULT for 10s".
func (x *Expect) understand(words []string) *mistake {
	usage := "write it as: expect ice.failed within 10s, expect 4005 within 10s, or expect no errors for 10s"
	how := "within"
	if len(words) > 0 && words[0] == "no" {
		x.None, how, words = true, "for", words[1:]
	}
	if len(words) != 3 || words[1] != how {
		return wrong(usage, "what is expected is not understood")
	}
	d, err := time.ParseDuration(words[2])
	if err != nil || d <= 0 || d > MaxLength {
		return wrong(usage, "%q is not a length of time", words[2])
	}
	x.What, x.Within = words[0], d
	return x.known()
}
