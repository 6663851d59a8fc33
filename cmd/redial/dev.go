// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/redial-rtc/redial/internal/background"
	"github.com/redial-rtc/redial/internal/cert"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/server"
)

const devHelp = `Runs a server to try things with: no configuration, this machine only, a room
called "demo", and everything needed to join it printed. Without -data it
forgets everything when it ends.

With -json it prints one line of JSON instead, for programs:
  {"http","init","data","console","management_token","access_key","secret",
   "rooms":[{"id","name","tokens":{"ROLE":"JWT"},"codes":{"ROLE":"CODE"}}],
   "openvidu":{"url","secret"},
   "sceenic":{"url","key","secret"},
   "opentok":{"url","api_key","api_secret","script","session_id","token"},"fingerprint"}
where "init" is what an app passes as initEndpoint, "console" logs whoever opens it in to the
console, as often as you like, and room tokens are signed
with the secret; "fingerprint" is there with -tls; "openvidu" is what a backend gives to OpenVidu(url, secret) of
openvidu-node-client, and "sceenic" what a backend asks for a token with:
  curl -H "auth-api-key: KEY" -H "auth-api-secret: SECRET" URL/stream/token/v2/
"opentok" is what new OpenTok(api_key, api_secret, url) of the Node SDK takes, the
address of the library's script, and a moderator's token of the first room.
A program that starts it can keep the other end of its standard
input open and give -until-eof: then the server never outlives it.`

const (
	devAddress  = "127.0.0.1:8080" // the port is the first of devPorts
	devPorts    = 20               // how many ports are tried when it is taken
	devConsole  = "127.0.0.1:8090" // the same of the console
	devTokens   = 7 * 24 * time.Hour
	devRoom     = "demo"
	devProject  = "1000001"
	devKeyFile  = "dev.keys" // in the data directory, so that links survive a restart
	devShutdown = 5 * time.Second
)

// devHosts are the names of this machine to itself.
var devHosts = []string{"localhost", "127.0.0.1", "::1"}

// devReady is the line that -json prints.
type devReady struct {
	HTTP       string        `json:"http"`
	Init       string        `json:"init"`
	Data       string        `json:"data"`
	Console    string        `json:"console"`
	Management string        `json:"management_token"`
	AccessKey  string        `json:"access_key"`
	Secret     string        `json:"secret"`
	Rooms      []server.Demo `json:"rooms"`
	OpenVidu   devOpenVidu   `json:"openvidu"`
	Sceenic    devSceenic    `json:"sceenic"`
	OpenTok    devOpenTok    `json:"opentok"`

	// Of the certificate of -tls, SHA-256.
	Fingerprint string `json:"fingerprint,omitempty"`

	certFile string
	watch    string // a token of the first room, for its page at /watch/
}

// devSceenic is what backends of Sceenic WatchTogether apps need.
type devSceenic struct {
	URL    string `json:"url"`
	Key    string `json:"key"`
	Secret string `json:"secret"`
}

// devOpenTok is what backends of OpenTok apps need, and a session to try.
type devOpenTok struct {
	URL     string `json:"url"`
	Key     string `json:"api_key"`
	Secret  string `json:"api_secret"`
	Script  string `json:"script"`
	Session string `json:"session_id"`
	Token   string `json:"token"`
}

// devOpenVidu is what backends of OpenVidu 2 apps need.
type devOpenVidu struct {
	URL    string `json:"url"`
	Secret string `json:"secret"`
}

func runDev(ctx context.Context, e *env, args []string) (err error) {
	began := time.Now()
	f := newFlags(e, "dev [flags]", devHelp)
	var (
		web    = f.String("http", devAddress, "web `ADDRESS` on this machine; port 0 picks a free one; without this flag the next free port is taken")
		udp    = f.String("udp", "127.0.0.1:0", "UDP media `ADDRESS` on this machine")
		tcp    = f.String("tcp", "127.0.0.1:0", "TCP media `ADDRESS` on this machine, empty for none")
		data   = f.String("data", "", "keep everything in this `DIR` (default a temporary directory, removed at the end)")
		secure = f.Bool("tls", false, "speak https, with a certificate that the server makes and no browser believes before you say so")
		relay  = f.Bool("turn", false, "serve TURN on this machine and hand it to clients, to test an app that is relayed")
		carry  = f.String("transport", "own", "what carries media: own, a lite ICE agent, or pion, a full one")
		asJSON = f.Bool("json", false, "print one line of JSON and nothing else on standard output")
		eof    = f.Bool("until-eof", false, "stop when standard input ends, as it does when the program that holds it is gone")
		format = f.String("log-format", "text", "text or json")
		level  = f.String("log-level", "info", "debug, info, warn or error")
	)
	if _, err := f.parse(args, 0, 0); err != nil {
		return err
	}
	for _, a := range [][2]string{{"http", *web}, {"udp", *udp}, {"tcp", *tcp}} {
		if err := localOnly(a[0], a[1]); err != nil {
			return err
		}
	}

	if *eof {
		var stop context.CancelFunc
		ctx, stop = context.WithCancel(ctx)
		defer stop()
		go func() {
			_, _ = io.Copy(io.Discard, e.stdin) // an input that fails has ended
			stop()
		}()
	}

	cfg := config.Default()
	cfg.HTTP.Address, cfg.Media.UDP, cfg.Media.TCP = *web, *udp, *tcp
	cfg.Shutdown.Timeout = devShutdown
	cfg.Media.Transport = *carry
	if *carry == "pion" {
		cfg.Media.ICE = "full"
	}
	if *relay {
		cfg.Media.TURN.Enabled, cfg.Media.TURN.UDP, cfg.Media.TURN.TCP = true, "127.0.0.1:0", "127.0.0.1:0"
	}
	cfg.Inject.Enabled, cfg.Console.Enabled = true, true
	if err := overrideLog(&cfg, *format, *level); err != nil {
		return err
	}
	cfg.Data.Dir = *data
	if *data == "" {
		if cfg.Data.Dir, err = os.MkdirTemp("", "redial-dev-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(cfg.Data.Dir)) }()
	}
	if cfg.Access.Keys, err = devKeys(cfg.Data.Dir); err != nil {
		return err
	}
	fingerprint := ""
	if *secure {
		if cfg.HTTP.TLSCert, cfg.HTTP.TLSKey, fingerprint, err = cert.SelfSigned(cfg.Data.Dir, devHosts); err != nil {
			return err
		}
	}
	// Other secrets than the one that signs tokens, as these are sent with each call.
	cfg.OpenVidu.Secret = devSecret(cfg, "openvidu")
	cfg.Sceenic.Key, cfg.Sceenic.Secret = "dev", devSecret(cfg, "sceenic")
	cfg.OpenTok.Enabled, cfg.OpenTok.Projects = true, []config.Project{{Key: devProject, Secret: devSecret(cfg, "opentok")}}
	if problems := cfg.Problems(); len(problems) > 0 {
		return config.Problems(problems)
	}

	var opt server.Options
	console := devConsole
	if f.given("http") { // so that servers side by side do not meet
		console = "127.0.0.1:0"
	} else {
		if opt.Listener, err = nextFree(ctx, devAddress); err != nil {
			return err
		}
		if got := opt.Listener.Addr().String(); got != devAddress {
			fmt.Fprintf(e.stderr, "%s is taken, so this is %s.\n", devAddress, got)
		}
	}
	if opt.Console, err = nextFree(ctx, console); err != nil {
		return err
	}
	ctx, signals, cancel := withstand(ctx)
	defer cancel()
	lines := server.NewLogWriter(e.stderr, cfg.Log)
	defer lines.Close(logPatience)
	opt.Log = lines
	log := server.NewLog(lines, cfg.Log)
	background.Reserve()
	s, err := server.Start(ctx, cfg, log, opt)
	if err != nil {
		if ctx.Err() != nil {
			return nil // told to stop before it had started
		}
		return err
	}
	go answer(ctx, signals, s, log)
	ready, err := devPrepare(ctx, s, cfg)
	if ctx.Err() != nil {
		return s.Run(ctx) // told to stop before there was a room
	}
	if err != nil {
		return errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
	}
	ready.certFile, ready.Fingerprint = cfg.HTTP.TLSCert, fingerprint
	if *asJSON {
		err = json.NewEncoder(e.stdout).Encode(ready)
	} else {
		printReady(e, ready, *data == "", time.Since(began))
	}
	return errors.Join(err, s.Run(ctx))
}

// devSecret makes the secret of a door, another one for each.
func devSecret(cfg config.Config, door string) string {
	sum := sha256.Sum256([]byte(door + " " + cfg.Access.Keys[0].Secret))
	return hex.EncodeToString(sum[:])
}

// localOnly refuses an address that other machines could reach.
func localOnly(name, address string) error {
	if address == "" && name == "tcp" {
		return nil
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return usagef("-%s %q is not host:port; write 127.0.0.1:8080", name, address)
	}
	if !config.IsLoopback(address) {
		return usagef("-%s %s: \"redial dev\" is for this machine only, since everybody who reaches it may join; use 127.0.0.1, or \"redial serve\"", name, address)
	}
	return nil
}

// devPrepare makes the room to try and the tokens for it.
func devPrepare(ctx context.Context, s *server.Server, cfg config.Config) (devReady, error) {
	dir, err := filepath.Abs(cfg.Data.Dir)
	if err != nil {
		return devReady{}, err
	}
	demo, err := s.Demo(ctx, devRoom, devTokens)
	if err != nil {
		return devReady{}, err
	}
	management, err := s.InjectToken(devTokens)
	if err != nil {
		return devReady{}, err
	}
	// The SDK wants "https://" somewhere in this address and cuts a fragment off
	// again before it calls.
	init := s.URL()
	if !strings.HasPrefix(init, "https://") {
		init += "/#https://"
	}
	key := cfg.Access.Keys[0]
	watch, err := s.WatchToken(ctx, demo.Name)
	if err != nil {
		return devReady{}, err
	}
	tok := devOpenTok{URL: s.URL(), Key: devProject, Secret: cfg.OpenTok.Projects[0].Secret, Script: s.URL() + "/opentok/opentok.js"}
	if tok.Session, tok.Token, err = s.TryOpenTok(ctx, demo.Name); err != nil {
		return devReady{}, err
	}
	return devReady{
		HTTP: s.URL(), Init: init, Data: dir, Console: s.ConsoleURL("live/"+demo.ID, devTokens), Management: management, AccessKey: key.Access, Secret: key.Secret, Rooms: []server.Demo{demo},
		OpenVidu: devOpenVidu{s.URL(), cfg.OpenVidu.Secret}, Sceenic: devSceenic{s.URL(), cfg.Sceenic.Key, cfg.Sceenic.Secret}, OpenTok: tok, watch: watch,
	}, nil
}

// devKeys reads the key of the data directory, or makes one.
func devKeys(dir string) ([]config.Key, error) {
	path := filepath.Join(dir, devKeyFile)
	keys, err := config.ReadKeyFile(path)
	if err == nil && len(keys) > 0 {
		return keys, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	k := newKey()
	text := "# Made by \"redial dev\"; tokens signed with it open this data directory's rooms.\n" + k.Access + ":" + k.Secret + "\n"
	return []config.Key{k}, datafile.Write(path, []byte(text))
}

// nextFree listens on the address or, when it is taken, on the next free port.
func nextFree(ctx context.Context, address string) (net.Listener, error) {
	host, text, _ := net.SplitHostPort(address)
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, err
	}
	var l net.Listener
	for i := range devPorts {
		l, err = (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port+i)))
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) {
			return l, err
		}
	}
	return nil, fmt.Errorf("the ports from %d to %d are all taken; choose one with -http: %w", port, port+devPorts-1, err)
}

// certificateNote says how to believe the certificate of -tls.
func certificateNote(r devReady) string {
	if r.Fingerprint == "" {
		return ""
	}
	return fmt.Sprintf(`
Browsers will warn of its certificate once. It is this server's if its SHA-256 is
  %s
Programs believe it with
  export SSL_CERT_FILE=%s
`, r.Fingerprint, r.certFile)
}

// printReady says what to do next, in the order a newcomer does it.
func printReady(e *env, r devReady, temporary bool, took time.Duration) {
	room := r.Rooms[0]
	keyFlag := " -key-file " + filepath.Join(r.Data, devKeyFile)
	fmt.Fprintf(e.stdout, `
Redial is ready after %s, for this machine only. Ctrl-C stops it.
%s
The console, with the room that you join next, and why things fail there:
  %s

Join the room %q, in two tabs:
  host   %s/#code=%s&name=Hanna
  guest  %s/#code=%s&name=Gus
or as an app of OpenVidu 2, of Sceenic WatchTogether or of OpenTok does, and meet them there:
  ov     %s/ov/#session=%s&secret=%s&name=Otto
  watch  %s/watch/#token=%s
  ot     %s/ot/#key=%s&session=%s&token=%s&name=Olga

What went wrong there so far, once it did:
  export REDIAL_TOKEN=%s
  curl -s -H "Authorization: Bearer $REDIAL_TOKEN" "%s/v2/analytics/events?room_id=%s"
  redial events -follow -server %s
and why it did:
  redial why -room %s -server %s

REDIAL_TOKEN is a management token: it opens the REST API, and the page asks for
it to show recorded events. An app of your own joins as one of
  100ms     initEndpoint  %s
            token         redial token room -room %s -role guest%s
  OpenVidu  new OpenVidu("%s", "%s") in its backend
  Sceenic   curl -s -H "auth-api-key: %s" -H "auth-api-secret: %s" "%s/stream/token/v2/?session=%s"
  OpenTok   new OpenTok("%s", "%s", "%s") in its backend

`, took.Round(time.Millisecond), certificateNote(r), r.Console, room.Name, r.HTTP, room.Codes["host"], r.HTTP, room.Codes["guest"],
		r.HTTP, room.Name, r.OpenVidu.Secret, r.HTTP, r.watch,
		r.HTTP, r.OpenTok.Key, r.OpenTok.Session, r.OpenTok.Token,
		r.Management, r.HTTP, room.ID, r.HTTP, room.Name, r.HTTP, r.Init, room.ID, keyFlag,
		r.OpenVidu.URL, r.OpenVidu.Secret, r.Sceenic.Key, r.Sceenic.Secret, r.HTTP, room.Name,
		r.OpenTok.Key, r.OpenTok.Secret, r.OpenTok.URL)
	if temporary {
		fmt.Fprintf(e.stdout, "Everything is forgotten at the end; \"redial dev -data DIR\" keeps it.\n\n")
		return
	}
	fmt.Fprintf(e.stdout, "Everything is kept in %s.\n\n", r.Data)
}
