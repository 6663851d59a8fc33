// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
)

// Outside is where a server is and what opens it.
type Outside struct {
	URL   string         // as clients have it
	Token string         // a room token, or a management token; "" looks at no media
	Roots *x509.CertPool // of whom certificates are believed; nil: the system's
}

// From examines a server as its clients see it, from the machine that it runs on.
func From(ctx context.Context, o Outside) (*Report, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fault.EndpointInvalid.New("endpoint", o.URL, "want", "https://video.example.org")
	}
	r := &Report{Of: u.Scheme + "://" + u.Host, From: "outside", At: time.Now()}
	if !r.name(ctx, u.Hostname()) || !r.web(ctx, u, o) {
		return r, nil
	}
	if o.Token == "" {
		r.warn("media", "give a token: REDIAL_TOKEN, as \"redial token management\" mints it on the server", "not looked at, since there is no token")
		return r, nil
	}
	if slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Check == "certificate" && f.Status == Fail }) {
		r.warn("media", "mend the certificate first: clients do not join with this one", "not looked at")
		return r, nil
	}
	r.media(ctx, o)
	return r, nil
}

// name looks whether the name leads somewhere.
func (r *Report) name(ctx context.Context, host string) bool {
	ctx, cancel := within(ctx)
	defer cancel()
	if net.ParseIP(host) != nil {
		return true
	}
	all, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		r.fail("dns", "make an A record, and an AAAA record if the server has IPv6, for "+host, "%s leads nowhere: %v", host, err)
		return false
	}
	r.ok("dns", "%s is %s", host, strings.Join(all, ", "))
	return true
}

// web looks at the port of HTTP and what answers there; false: nothing that could be
// joined by.
func (r *Report) web(ctx context.Context, u *url.URL, o Outside) bool {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	address := net.JoinHostPort(u.Hostname(), port)
	ctx, cancel := within(ctx)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		r.fail("http", fmt.Sprintf("open port %s/tcp in the firewall of the server and of its provider, and see that the server runs", port), "%s does not answer: %v", address, cause(err))
		return false
	}
	_ = c.Close()
	if u.Scheme == "https" {
		chain, err := served(ctx, address, u.Hostname())
		if err != nil {
			r.fail("certificate", "see that the server itself or a proxy speaks TLS on this port", "%s speaks no TLS: %v", address, cause(err))
			return false
		}
		r.certificate(u.Hostname(), chain, o.Roots, time.Now())
	} else {
		r.warn("certificate", "serve https (docs/operation.md): browsers give no camera to a page that is not", "%s is not encrypted", u)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.Of+"/readyz", nil)
	if err != nil {
		r.fail("http", "", "%v", err)
		return false
	}
	began := time.Now()
	res, err := unverified().Do(req)
	if err != nil {
		r.fail("http", "see that the proxy passes requests on to the server", "%s does not answer a request: %v", address, cause(err))
		return false
	}
	defer res.Body.Close()
	took := time.Since(began)
	checks := readyChecks(res.Body)
	if checks == nil {
		r.fail("http", "have the proxy pass every path on as it is (docs/proxy.md)", "what answers is no Redial server (%s)", res.Status)
		return false
	}
	r.clock(res.Header.Get("Date"), took)
	r.ready(checks)
	return true
}

// ready tells what the server says of its parts.
func (r *Report) ready(checks map[string]string) {
	var bad []string
	for name, says := range checks {
		if says != "ok" {
			bad = append(bad, name+": "+says)
		}
	}
	slices.Sort(bad)
	if len(bad) > 0 {
		r.fail("ready", "the log of the server has the reason; docs/operation.md the remedies", "it says that it is not ready: %s", strings.Join(bad, "; "))
		return
	}
	r.ok("ready", "it answers and says that it is ready")
}

// clock compares the server's clock with ours, as near as a header tells.
func (r *Report) clock(date string, took time.Duration) {
	at, err := http.ParseTime(date)
	if err != nil {
		return
	}
	apart := time.Since(at.Add(500 * time.Millisecond)).Round(time.Second) // it has whole seconds
	if apart.Abs() > 5*time.Second+took {
		r.warn("clock", "run a time service on both machines; tokens are judged by the server's clock", "the server's clock and ours are %v apart", apart.Abs())
		return
	}
	r.ok("clock", "as ours, within a few seconds")
}

// media joins a room over UDP alone, over TCP alone, and asks each TURN server that
// clients are told of.
func (r *Report) media(ctx context.Context, o Outside) {
	cfg, err := r.invitation(ctx, o)
	if err != nil {
		r.fail("join", "mint a token on the server: redial token management -config /etc/redial/redial.yaml", "no room can be had: %v", err)
		return
	}
	over := func(types ...webrtc.NetworkType) error {
		cfg := cfg
		cfg.NetworkTypes, cfg.ICEServers, cfg.Name = types, []webrtc.ICEServer{}, "redial doctor"
		cfg.JoinTimeout, cfg.StepTimeout = mediaPatience, patience
		return flows(ctx, cfg)
	}
	var udp, tcp error
	var both sync.WaitGroup
	both.Go(func() { udp = over(webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6) })
	both.Go(func() { tcp = over(webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6) })
	both.Wait()
	const addressToo = "set media.advertise to the address that clients reach, and open or forward the media ports"
	for _, one := range []struct {
		check      string
		err, other error
		fix        string
	}{
		{"udp", udp, tcp, "open the port of media.udp (7882/udp unless set) in the firewall of the server and of its provider, and in this machine's own"},
		{"tcp", tcp, udp, "open the port of media.tcp (7881/tcp unless set), for clients whose network blocks UDP"},
	} {
		name := strings.ToUpper(one.check)
		switch {
		case one.err == nil:
			r.ok(one.check, "media flows over %s", name)
		case !aboutMedia(one.err):
			r.fail("join", "what was refused is not about ports: redial explain "+idOf(one.err), "a join over %s is refused: %v", name, one.err)
		case one.other != nil && aboutMedia(one.other):
			r.fail(one.check, addressToo, "no media over %s, nor over the other: the ports are closed, or clients are told a wrong address", name)
		default:
			r.fail(one.check, one.fix, "no media over %s: the port is closed between here and the server", name)
		}
	}
	for _, s := range r.told(ctx, o, cfg) {
		for _, u := range s.URLs {
			r.turn(ctx, u, s.Username, s.Credential)
		}
	}
}

// invitation is how to join: by the room token, or to a room of the doctor's own that
// a management token makes.
func (r *Report) invitation(ctx context.Context, o Outside) (client.Config, error) {
	cfg := client.Config{Endpoint: r.Of, Token: o.Token}
	if !isManagement(o.Token) {
		return cfg, nil
	}
	ctx, cancel := within(ctx)
	defer cancel()
	c, err := admin.New(admin.Config{URL: r.Of, Token: o.Token})
	if err != nil {
		return cfg, err
	}
	room, err := c.Rooms.Create(ctx, admin.NewRoom{Name: "redial-doctor"})
	if err != nil {
		return cfg, err
	}
	codes, err := c.RoomCodes.CreateAll(ctx, room.ID)
	if err != nil {
		return cfg, err
	}
	if len(codes) == 0 {
		return cfg, fmt.Errorf("the room has no roles")
	}
	i := max(0, slices.IndexFunc(codes, func(c admin.RoomCode) bool { return c.Role == "host" }))
	token, err := c.Tokens.Exchange(ctx, admin.CodeExchange{Code: codes[i].Code})
	cfg.Token = token.Token
	return cfg, err
}

// flows has two peers join, of whom one sends sound to the other. It fails with
// fault.ICEFailed when none arrives.
func flows(ctx context.Context, cfg client.Config) error {
	ctx, cancel := context.WithTimeout(ctx, mediaPatience)
	defer cancel()
	sender, err := client.Join(ctx, cfg)
	if err != nil {
		return err
	}
	defer sender.Leave()
	sound := make(chan *client.RemoteTrack, 1)
	cfg.Listener.OnTrack = func(t *client.RemoteTrack) {
		if t.Info().PeerID != sender.PeerID() {
			return
		}
		select {
		case sound <- t:
		default:
		}
	}
	receiver, err := client.Join(ctx, cfg)
	if err != nil {
		return err
	}
	defer receiver.Leave()
	if _, err := sender.Publish(ctx, client.Tone()); err != nil {
		return err
	}
	select {
	case t := <-sound:
		_, err = t.ReadRTP(ctx)
	case <-sender.Done():
		err = sender.Err()
	case <-receiver.Done():
		err = receiver.Err()
	case <-ctx.Done():
	}
	if err == nil {
		err = ctx.Err()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.ICEFailed.New("within", mediaPatience.String())
	}
	return err
}

// aboutMedia tells whether a path for media could not be had.
func aboutMedia(err error) bool {
	id := idOf(err)
	return strings.HasPrefix(id, "ice.") || strings.HasPrefix(id, "dtls.") || strings.HasPrefix(id, "media.") || strings.HasPrefix(id, "negotiation.") || strings.HasPrefix(id, "network.")
}

func idOf(err error) string { return fault.From(err, fault.OpJoin).Kind.ID }

// told are the STUN and TURN servers that clients are told of.
func (r *Report) told(ctx context.Context, o Outside, cfg client.Config) (all []iceServer) {
	ctx, cancel := within(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.Of+"/init?peer_id=redial-doctor", nil)
	if err != nil {
		return nil
	}
	req.Header.Set("Authorization", "Bearer "+cfg.Token)
	res, err := unverified().Do(req)
	if err != nil {
		return nil
	}
	defer res.Body.Close()
	return iceServers(res.Body)
}

// unverified asks a server whose certificate is looked at apart.
func unverified() *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see above
	}}
}

// cause is an error without the address of the call.
func cause(err error) error {
	if u, is := err.(*url.Error); is {
		return u.Err
	}
	return err
}
