// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/sfu/transport"
)

const (
	maxMid  = 16  // bytes: what a one-byte header extension carries (RFC 8285, section 4.2)
	maxMsid = 128 // bytes of a track's name, as the wire takes them
)

// description is an offer or an answer that was read and checked, made plain for
// the library: what a session level says for all is written where the library
// looks for it, and of several fingerprints the strongest is left.
type description struct {
	*sdp.SessionDescription
	text string // for the library

	tagged      *sdp.MediaDescription // its transport carries everything (RFC 8843, section 7)
	fingerprint string
	changed     bool
}

// parseSDP reads a description and refuses what leaves no answer that we give,
// naming the attribute: the library would otherwise stop half way, or begin what
// never ends.
func parseSDP(desc webrtc.SessionDescription, want webrtc.SDPType) (*description, error) {
	if desc.Type != want {
		return nil, fault.SDPInvalid.New("reason", "type is not "+want.String())
	}
	d := &description{SessionDescription: &sdp.SessionDescription{}, text: desc.SDP}
	if err := d.UnmarshalString(desc.SDP); err != nil {
		return nil, fault.SDPInvalid.Wrap(err)
	}
	if len(d.MediaDescriptions) == 0 {
		return nil, fault.SDPInvalid.New("reason", "no media section")
	}
	if want == webrtc.SDPTypeOffer && len(d.MediaDescriptions) > maxSections { // an answer has those of our offer
		return nil, fault.TrackLimit.New("limit", maxSections)
	}
	checks := []func() error{d.checkMids, d.checkBundle, d.checkTransport, func() error { return d.checkSetup(want) }, d.checkDirections, d.checkExtensions}
	if want == webrtc.SDPTypeOffer {
		checks = append(checks, d.checkTracks)
	}
	for _, check := range checks {
		if err := check(); err != nil {
			return nil, err
		}
	}
	if d.changed {
		b, err := d.Marshal()
		if err != nil {
			return nil, fault.SDPInvalid.Wrap(err)
		}
		d.text = string(b)
	}
	return d, nil
}

// refuse names the attribute that leaves no answer.
func refuse(attribute, reason string, details ...any) error {
	return fault.SDPInvalid.New(append([]any{"attribute", attribute, "reason", reason}, details...)...)
}

func short(s string) string { return s[:min(len(s), 40)] }

// attribute is that of a section, or what the session level says for all.
func (d *description) attribute(m *sdp.MediaDescription, key string) (string, bool) {
	if v, ok := m.Attribute(key); ok {
		return v, true
	}
	return d.SessionDescription.Attribute(key)
}

func (d *description) checkMids() error {
	seen := map[string]bool{}
	for _, m := range d.MediaDescriptions {
		mid := transport.MidOf(m)
		switch {
		case mid == "" || seen[mid]:
			return refuse("mid", "a media section has no mid of its own", "got", short(mid))
		case len(mid) > maxMid:
			return refuse("mid", "longer than a header extension carries", "got", short(mid), "max_bytes", maxMid)
		}
		seen[mid] = true
		switch m.MediaName.Media {
		case "audio", "video", "application":
		default:
			return refuse("m", "unknown kind of media section", "got", short(m.MediaName.Media), "want", "audio, video or application")
		}
	}
	return nil
}

// checkBundle refuses what would need a transport for each section (RFC 8843).
func (d *description) checkBundle() error {
	var group []string
	bundles := 0
	for _, a := range d.Attributes {
		if words := strings.Fields(a.Value); a.Key == "group" && len(words) > 0 && words[0] == "BUNDLE" {
			bundles++
			group = words[1:]
		}
	}
	if bundles > 1 {
		return refuse("group", "everything goes over one transport", "want", "one BUNDLE group")
	}
	var inUse []*sdp.MediaDescription
	for _, m := range d.MediaDescriptions {
		if transport.Used(m) {
			inUse = append(inUse, m)
		}
	}
	if len(inUse) == 0 {
		return refuse("m", "every media section is rejected")
	}
	d.tagged = inUse[0]
	if len(inUse) > 1 || len(group) > 0 {
		for _, m := range inUse {
			if !slices.Contains(group, transport.MidOf(m)) {
				return refuse("group", "everything goes over one transport", "mid", transport.MidOf(m), "want", "every section in one BUNDLE group")
			}
		}
		first := slices.IndexFunc(inUse, func(m *sdp.MediaDescription) bool { return transport.MidOf(m) == group[0] })
		if first < 0 {
			return refuse("group", "the first section of BUNDLE is not in use", "got", short(group[0]))
		}
		d.tagged = inUse[first]
	}
	mux, media := false, false
	for _, m := range inUse {
		_, has := m.Attribute("rtcp-mux")
		mux, media = mux || has, media || m.MediaName.Media != "application"
	}
	if media && !mux {
		return refuse("rtcp-mux", "RTCP goes over the transport of RTP", "want", "a=rtcp-mux")
	}
	return nil
}

// checkTransport reads the credentials (RFC 8839, section 5.4) and the fingerprint
// (RFC 8122, section 5) of the one transport.
func (d *description) checkTransport() error {
	for key, least := range map[string]int{"ice-ufrag": 4, "ice-pwd": 22} {
		if v, _ := d.attribute(d.tagged, key); len(v) < least || len(v) > 256 {
			return refuse(key, "no ICE credentials", "bytes", len(v), "min_bytes", least, "max_bytes", 256)
		}
	}
	values := func(list []sdp.Attribute) (out []string) {
		for _, a := range list {
			if a.Key == "fingerprint" {
				out = append(out, a.Value)
			}
		}
		return out
	}
	session := values(d.Attributes)
	offered := values(d.tagged.Attributes)
	if len(offered) == 0 {
		offered = session
	}
	best := 0
	for _, v := range offered {
		name, digits, _ := strings.Cut(v, " ")
		name = strings.ToLower(name)
		if size := hashes[name]; size > best && fingerprintForm.MatchString(digits) && len(digits) == 3*size-1 {
			best, d.fingerprint = size, name+" "+digits
		}
	}
	if best == 0 {
		got := ""
		if len(offered) > 0 {
			got, _, _ = strings.Cut(offered[0], " ")
		}
		return refuse("fingerprint", "no fingerprint of a hash that is good enough", "got", short(got), "want", "sha-256, sha-384 or sha-512")
	}
	all := slices.Concat(session, values(d.tagged.Attributes))
	if slices.ContainsFunc(all, func(v string) bool { return v != d.fingerprint }) {
		d.changed = true
		theirs := func(a sdp.Attribute) bool { return a.Key == "fingerprint" }
		for _, m := range d.MediaDescriptions {
			m.Attributes = slices.DeleteFunc(m.Attributes, theirs)
		}
		d.Attributes = append(slices.DeleteFunc(d.Attributes, theirs), sdp.NewAttribute("fingerprint", d.fingerprint))
	}
	return nil
}

// hashes are those of a fingerprint we take, and their bytes. SHA-1 and MD5 prove
// nothing any more (RFC 8122, section 5.1).
var hashes = map[string]int{"sha-256": 32, "sha-384": 48, "sha-512": 64}

var fingerprintForm = regexp.MustCompile(`^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})*$`)

// checkSetup refuses what a=setup leaves no answer to that we give (RFC 4145,
// section 4.1; RFC 8842, section 5): we wait for the handshake of who offers, so an
// offer must let its side begin, and an answer must choose.
func (d *description) checkSetup(want webrtc.SDPType) error {
	legal := []string{"actpass", "active"}
	if want == webrtc.SDPTypeAnswer {
		legal = []string{"active", "passive"}
	}
	for _, m := range d.MediaDescriptions {
		setup, ok := d.attribute(m, "setup")
		if !ok && m == d.tagged && want == webrtc.SDPTypeAnswer {
			return refuse("setup", "a=setup leaves no answer", "want", strings.Join(legal, " or "))
		}
		if ok && transport.Used(m) && !slices.Contains(legal, setup) {
			return refuse("setup", "a=setup leaves no answer", "got", short(setup), "want", strings.Join(legal, " or "))
		}
	}
	if _, own := d.tagged.Attribute("setup"); !own {
		if setup, ok := d.SessionDescription.Attribute("setup"); ok {
			d.tagged.Attributes = append(d.tagged.Attributes, sdp.NewAttribute("setup", setup))
			d.changed = true
		}
	}
	return nil
}

// directions are the attributes of which a section has at most one (RFC 8866,
// section 6.7).
var directions = []string{"sendrecv", "sendonly", "recvonly", "inactive"}

func isDirection(a sdp.Attribute) bool { return slices.Contains(directions, a.Key) }

// directionOf is that of a section once checkDirections has run.
func directionOf(m *sdp.MediaDescription) string {
	if i := slices.IndexFunc(m.Attributes, isDirection); i >= 0 {
		return m.Attributes[i].Key
	}
	return "sendrecv"
}

// checkDirections gives each section one direction, which the library wants to
// read: its own, that of the session or sendrecv, and inactive where the section is
// not in use.
func (d *description) checkDirections() error {
	session := ""
	if i := slices.IndexFunc(d.Attributes, isDirection); i >= 0 {
		session = d.Attributes[i].Key
	}
	for _, m := range d.MediaDescriptions {
		if m.MediaName.Media == "application" {
			continue
		}
		n := 0
		for _, a := range m.Attributes {
			if isDirection(a) {
				n++
			}
		}
		if n > 1 {
			return refuse("direction", "a media section has several directions", "mid", transport.MidOf(m), "want", "one of "+strings.Join(directions, ", "))
		}
		want := directionOf(m)
		if n == 0 && session != "" {
			want = session
		}
		if !transport.Used(m) {
			want = "inactive"
		}
		if n == 0 || want != directionOf(m) {
			m.Attributes = append(slices.DeleteFunc(m.Attributes, isDirection), sdp.NewPropertyAttribute(want))
			d.changed = true
		}
	}
	return nil
}

// understood are the header extensions whose numbers matter to us.
var understood = []string{extMid, extRid, extRepairedRid, extAudioLevel, extTWCC, extOrientation, extDependency}

// checkExtensions refuses numbers that no packet can carry, and those that mean
// two things on one transport (RFC 8285, sections 4 and 5; RFC 8843, section 11).
// An extension that is offered for lack of numbers is left out.
func (d *description) checkExtensions() error {
	byID := map[int]string{}
	_, mixed := d.SessionDescription.Attribute("extmap-allow-mixed")
	for _, m := range d.MediaDescriptions {
		if !transport.Used(m) {
			continue
		}
		_, own := m.Attribute("extmap-allow-mixed")
		here := map[int]bool{}
		var wrong error
		before := len(m.Attributes)
		m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool {
			if a.Key != "extmap" {
				return false
			}
			id, uri, ok := transport.ExtensionOf(a)
			switch {
			case ok && id >= 4096 && id <= 4351:
				return true
			case !ok || id < 1 || id > 255 || id > 14 && !mixed && !own:
				wrong = refuse("extmap", "no packet carries this number", "mid", transport.MidOf(m), "got", short(a.Value), "want", "1 to 14, or to 255 with a=extmap-allow-mixed")
			case here[id] || byID[id] != "" && byID[id] != uri:
				wrong = refuse("extmap", "one number means two things", "mid", transport.MidOf(m), "got", short(a.Value))
			}
			here[id], byID[id] = true, uri
			return false
		})
		if wrong != nil {
			return wrong
		}
		d.changed = d.changed || len(m.Attributes) != before
	}
	return nil
}

// checkTracks refuses sections of an offer whose track could not be told from
// others, or whose encodings could not.
func (d *description) checkTracks() error {
	tracks := map[string]bool{}
	for _, m := range d.MediaDescriptions {
		if m.MediaName.Media == "application" || !transport.Sends(m) {
			continue
		}
		_, id := transport.TrackOf(m)
		switch {
		case id == "":
			return refuse("msid", "a section that sends names no track", "mid", transport.MidOf(m), "want", "a=msid:STREAM TRACK")
		case strings.ContainsAny(id, " \t") || len(id) > maxMsid:
			return refuse("msid", "not the name of a track", "mid", transport.MidOf(m), "got", short(id), "max_bytes", maxMsid)
		case tracks[id]:
			return refuse("msid", "two sections send one track", "mid", transport.MidOf(m), "got", short(id))
		}
		tracks[id] = true
		if err := checkSimulcast(m); err != nil {
			return err
		}
	}
	return nil
}

// checkSimulcast refuses encodings that would be taken for one another (RFC 8853,
// section 5.1): each has an a=rid, and a size of its own.
func checkSimulcast(m *sdp.MediaDescription) error {
	value, ok := m.Attribute("simulcast")
	words := strings.Fields(value)
	at := slices.Index(words, "send")
	if !ok || at < 0 {
		return nil
	}
	if at+1 == len(words) {
		return refuse("simulcast", "no encoding is named", "mid", transport.MidOf(m), "got", short(value))
	}
	declared := map[string]bool{}
	for _, a := range m.Attributes {
		if rid := strings.Fields(a.Value); a.Key == "rid" && len(rid) > 1 && rid[1] == "send" {
			declared[rid[0]] = true
		}
	}
	rids := strings.FieldsFunc(words[at+1], func(r rune) bool { return r == ';' || r == ',' })
	seen := map[Layer]bool{}
	for _, rid := range rids {
		rid = strings.TrimPrefix(rid, "~")
		l := layerOfRID(rid)
		switch {
		case !declared[rid]:
			return refuse("simulcast", "an encoding has no a=rid", "mid", transport.MidOf(m), "got", short(rid))
		case seen[l]:
			return refuse("rid", "two encodings are of one size", "mid", transport.MidOf(m), "got", short(rid), "want", "f, h and q, or rdiv1, rdiv2 and rdiv4")
		}
		seen[l] = true
	}
	return nil
}

// credentials are the ICE user name and password of a description.
func credentials(d *description) string {
	u, _ := d.attribute(d.tagged, "ice-ufrag")
	p, _ := d.attribute(d.tagged, "ice-pwd")
	return u + " " + p
}

// agreed is what a description may not change later.
type agreed struct {
	sections    []agreedSection
	extensions  map[int]string // of those we understand
	fingerprint string
}

type agreedSection struct {
	mid, kind string
	rejected  bool
}

// allows refuses an offer that takes back what was agreed on (RFC 3264, section 8;
// RFC 8829, section 5.2.2), which would leave media under the wrong name.
func (g *agreed) allows(d *description) error {
	if len(d.MediaDescriptions) < len(g.sections) {
		return refuse("m", "media sections are missing that were there before", "got", len(d.MediaDescriptions), "want", len(g.sections))
	}
	for i, s := range g.sections {
		m := d.MediaDescriptions[i]
		if transport.MidOf(m) == s.mid && m.MediaName.Media == s.kind || s.rejected {
			continue
		}
		return refuse("m", "media sections are in another order than before", "index", i, "got", short(transport.MidOf(m)), "want", s.mid)
	}
	for id, uri := range extensionsOf(d.MediaDescriptions...) {
		for old, was := range g.extensions {
			if (id == old) != (uri == was) {
				return refuse("extmap", "the number of an extension has changed", "got", id, "want", old, "extension", was)
			}
		}
	}
	return g.sameKey(d)
}

// sameKey refuses another key: the connection has one association (RFC 8842,
// section 5.5 would want a new one).
func (g *agreed) sameKey(d *description) error {
	if g.fingerprint != "" && !strings.EqualFold(g.fingerprint, d.fingerprint) {
		return refuse("fingerprint", "the fingerprint has changed", "want", "a new connection for another key")
	}
	return nil
}

func (g *agreed) keep(d *description) {
	g.sections = g.sections[:0]
	for _, m := range d.MediaDescriptions {
		g.sections = append(g.sections, agreedSection{transport.MidOf(m), m.MediaName.Media, !transport.Used(m)})
	}
	if g.extensions == nil {
		g.extensions = map[int]string{}
	}
	for id, uri := range extensionsOf(d.MediaDescriptions...) {
		g.extensions[id] = uri
	}
	g.fingerprint = d.fingerprint
}

// extensionsOf lists the extensions we understand in the sections in use.
func extensionsOf(list ...*sdp.MediaDescription) map[int]string {
	out := map[int]string{}
	for _, m := range list {
		if !transport.Used(m) {
			continue
		}
		for _, a := range m.Attributes {
			if id, uri, ok := transport.ExtensionOf(a); ok && slices.Contains(understood, uri) {
				out[id] = uri
			}
		}
	}
	return out
}

// truthful makes the library's answer to an offer what it has to be (RFC 3264, section
// 6): a section that the offer rejects has a port of 0, and none promises that we
// send.
func truthful(answer string, offer *description) string {
	answer = strings.NewReplacer("\r\na=sendonly\r\n", "\r\na=inactive\r\n", "\r\na=sendrecv\r\n", "\r\na=recvonly\r\n").Replace(answer)
	sections := strings.Split(answer, "\r\nm=")
	for i, m := range offer.MediaDescriptions {
		if i+1 < len(sections) && !transport.Used(m) {
			kind, rest, _ := strings.Cut(sections[i+1], " ")
			_, rest, _ = strings.Cut(rest, " ")
			sections[i+1] = kind + " 0 " + rest
		}
	}
	return strings.Join(sections, "\r\nm=")
}
