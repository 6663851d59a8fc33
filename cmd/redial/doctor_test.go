// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/doctor"
	"github.com/redial-rtc/redial/internal/testlog"
)

// clinic is a server with settings of its own in a network namespace, and the doctor
// beside it. Both are the real program.
type clinic struct {
	t       *testing.T
	dir     string
	program string
}

// inClinic runs the test again as root of network and mount namespaces of its own,
// in which this machine has the address 10.9.0.1 and another, away, has 10.9.0.2;
// nil in the run that only waits.
func inClinic(t *testing.T) *clinic {
	t.Helper()
	if os.Getenv("REDIAL_CLINIC") != t.Name() {
		if os.Geteuid() != 0 {
			t.Skip("needs root for namespaces of its own")
		}
		for _, tool := range []string{"ip", "nft", "unshare", "mount"} {
			if _, err := exec.LookPath(tool); err != nil {
				t.Skip("needs", tool)
			}
		}
		cmd := exec.CommandContext(t.Context(), "unshare", "--net", "--mount", "--", os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), "REDIAL_CLINIC="+t.Name())
		out, err := cmd.CombinedOutput()
		t.Logf("%s", out)
		if err != nil {
			t.Fatal(err)
		}
		return nil
	}
	c := &clinic{t: t, dir: t.TempDir()}
	for _, command := range []string{
		"mkdir -p /run/netns", "mount -t tmpfs none /run/netns", "ip netns add away",
		"ip link set lo up", "ip link add eth8 type veth peer name eth9 netns away", "ip address add 10.9.0.1/24 dev eth8", "ip link set eth8 up",
		"ip -n away link set lo up", "ip -n away address add 10.9.0.2/24 dev eth9", "ip -n away link set eth9 up",
	} {
		c.sh(command)
	}
	c.program, _ = filepath.Abs(os.Getenv("REDIAL_BINARY"))
	if os.Getenv("REDIAL_BINARY") == "" {
		c.program = filepath.Join(c.dir, "redial")
		if out, err := exec.Command("go", "build", "-o", c.program, ".").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return c
}

func (c *clinic) sh(command string) {
	c.t.Helper()
	if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
		c.t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

// settings writes a file of settings with these lines among them.
func (c *clinic) settings(more string) string {
	c.t.Helper()
	file := filepath.Join(c.dir, "redial.yaml")
	text := fmt.Sprintf("access: {keys: [{access: AK, secret: 0123456789abcdefghijklmnopqrstuvwxyz}]}\ndata: {dir: %s}\n%s", filepath.Join(c.dir, "data"), more)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return file
}

// serve runs a server until the test ends.
func (c *clinic) serve(file string) {
	c.t.Helper()
	var said testlog.Buffer
	cmd := exec.Command(c.program, "serve", "-config", file)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	c.t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	for deadline := time.Now().Add(2 * patience); !strings.Contains(said.String(), "msg=ready"); time.Sleep(50 * time.Millisecond) {
		over := time.Now().After(deadline)
		select {
		case <-ended:
			over = true
		default:
		}
		if over {
			c.t.Fatalf("the server did not come up:\n%s", said.String())
		}
	}
}

// here runs the doctor on the server's machine, and away on the other one. Both
// return what it found and its exit code.
func (c *clinic) here(file string) ([]doctor.Finding, int) {
	c.t.Helper()
	return c.examine(c.program, "doctor", "-json", "-unit", "", "-config", file)
}

func (c *clinic) away(server, token string) ([]doctor.Finding, int) {
	c.t.Helper()
	return c.examine("ip", "netns", "exec", "away", c.program, "doctor", "-json", "-from", server, "-token", token)
}

func (c *clinic) examine(words ...string) (found []doctor.Finding, code int) {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), words[0], words[1:]...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var report doctor.Report
	if bad := json.Unmarshal(out.Bytes(), &report); bad != nil {
		c.t.Fatalf("%v: %v\n%s%s", bad, err, out.Bytes(), errOut.Bytes())
	}
	for _, f := range report.Findings {
		c.t.Logf("%-5s %-12s %s", f.Status, f.Check, f.Says)
	}
	return report.Findings, cmd.ProcessState.ExitCode()
}

// wants demands a finding of a check and a status that says so.
func wants(t *testing.T, found []doctor.Finding, check string, status doctor.Status, says string) {
	t.Helper()
	for _, f := range found {
		if f.Check == check && f.Status == status && regexp.MustCompile(says).MatchString(f.Says) {
			if status != doctor.OK && f.Fix == "" {
				t.Errorf("%q has no remedy", f.Says)
			}
			return
		}
	}
	t.Errorf("no finding of %s is %s and says %q", check, status, says)
}

func (c *clinic) token(file string) string {
	c.t.Helper()
	out, err := exec.Command(c.program, "token", "management", "-config", file).Output()
	if err != nil {
		c.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

const publicPlain = "http: {address: \"10.9.0.1:8080\", allow_plaintext: true}\n"

// TestDoctorSeesClosedPorts: a second machine tells which of the media ports is
// closed; and on the server nothing that is its own fails.
func TestDoctorSeesClosedPorts(t *testing.T) {
	t.Parallel()
	c := inClinic(t)
	if c == nil {
		return
	}
	file := c.settings(publicPlain + "media: {udp: \":7882\", tcp: \":7881\", advertise: [10.9.0.1], probe_every: 10s, turn: {enabled: true, tcp: \"\", host: 10.9.0.1}}\nmetrics: {token: 0123456789abcdefghij}\n")
	c.serve(file)
	token := c.token(file)
	const from = "http://10.9.0.1:8080"

	found, _ := c.here(file)
	wants(t, found, "addresses", doctor.OK, "10.9.0.1/udp, which clients are told, leads here")
	found, code := c.away(from, token)
	for _, check := range []string{"ready", "clock", "udp", "tcp", "turn"} {
		wants(t, found, check, doctor.OK, "")
	}
	if code != 0 {
		t.Errorf("nothing is wrong, and the exit code is %d", code)
	}
	c.sh("nft add table inet clinic; nft add chain inet clinic in '{ type filter hook input priority 0 ; }'; nft add rule inet clinic in udp dport '{ 7882, 3478 }' drop")
	found, code = c.away(from, token)
	wants(t, found, "udp", doctor.Fail, "no media over UDP: the port is closed")
	wants(t, found, "tcp", doctor.OK, "")
	wants(t, found, "turn", doctor.Fail, "turn:10.9.0.1:3478")
	if code != 1 {
		t.Errorf("UDP is closed, and the exit code is %d", code)
	}

	// Its own packets do not come back, either.
	found, _ = c.here(file)
	wants(t, found, "ports", doctor.OK, `media\.udp listens on :7882`)
	wants(t, found, "turn", doctor.Fail, "127.0.0.1:3478")
	c.sh("nft delete table inet clinic")
	found, _ = c.here(file)
	wants(t, found, "turn", doctor.OK, "127.0.0.1:3478")
}

// TestDoctorSeesAWrongAddress: media goes nowhere, over UDP and over TCP, and the
// settings say why.
func TestDoctorSeesAWrongAddress(t *testing.T) {
	t.Parallel()
	c := inClinic(t)
	if c == nil {
		return
	}
	file := c.settings(publicPlain + "media: {advertise: [203.0.113.9], probe_every: 10s, allow_odd_addresses: true}\n")
	c.serve(file)
	found, code := c.here(file)
	wants(t, found, "settings", doctor.Warn, `203\.0\.113\.9.*examples`)
	if code != 0 {
		t.Errorf("a warning has the exit code %d", code)
	}
	// The other machine takes what it asked for alone, as one behind a router does.
	// Without that the server's own checks would reach it.
	c.sh("ip netns exec away sh -c \"nft add table inet router; nft add chain inet router in '{ type filter hook input priority 0 ; }'; nft add rule inet router in ct state new drop\"")
	found, code = c.away("http://10.9.0.1:8080", c.token(file))
	wants(t, found, "udp", doctor.Fail, "clients are told a wrong address")
	wants(t, found, "tcp", doctor.Fail, "clients are told a wrong address")
	if code != 1 {
		t.Errorf("the exit code is %d", code)
	}
	// Without leave to start with it, it is a failure.
	found, code = c.here(c.settings(publicPlain + "media: {advertise: [203.0.113.9]}\n"))
	wants(t, found, "settings", doctor.Fail, `203\.0\.113\.9`)
	if code != 1 {
		t.Errorf("the exit code is %d", code)
	}
}

// TestDoctorSeesAnExpiredCertificate, on the server and from outside.
func TestDoctorSeesAnExpiredCertificate(t *testing.T) {
	t.Parallel()
	c := inClinic(t)
	if c == nil {
		return
	}
	cert, key := expired(t, c.dir)
	file := c.settings(fmt.Sprintf("http: {address: \"10.9.0.1:8443\", tls_cert: %s, tls_key: %s}\n", cert, key))
	found, _ := c.here(file)
	wants(t, found, "certificate", doctor.Fail, "has expired")
	wants(t, found, "ready", doctor.Warn, "no server answers")
	c.serve(file)
	found, _ = c.here(file)
	wants(t, found, "certificate", doctor.Fail, "has expired")
	found, code := c.away("10.9.0.1:8443", "x")
	wants(t, found, "certificate", doctor.Fail, "has expired")
	if code != 1 {
		t.Errorf("the exit code is %d", code)
	}
}

// expired writes a certificate that has.
func expired(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	pair, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	of := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "video.example.org"}, DNSNames: []string{"video.example.org"}, IPAddresses: []net.IP{net.IPv4(10, 9, 0, 1)},
		NotBefore: now.Add(-48 * time.Hour), NotAfter: now.Add(-24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, of, of, &pair.PublicKey, pair)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(pair)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "EC PRIVATE KEY", secret)
}

// TestDoctorSeesASmallMachine: few file descriptors and a tiny disk.
func TestDoctorSeesASmallMachine(t *testing.T) {
	t.Parallel()
	c := inClinic(t)
	if c == nil {
		return
	}
	data := filepath.Join(c.dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	c.sh("mount -t tmpfs -o size=2m none " + data)
	t.Cleanup(func() { c.sh("umount " + data) })
	file := c.settings(publicPlain)
	found, code := c.examine("prlimit", "--nofile=256:256", c.program, "doctor", "-json", "-unit", "", "-config", file)
	wants(t, found, "files", doctor.Fail, "may open 256 files")
	wants(t, found, "disk", doctor.Fail, "2 MB are free")
	wants(t, found, "ports", doctor.OK, "8080/tcp is free")
	if code != 1 {
		t.Errorf("the exit code is %d", code)
	}
	// A port that another program has, and a disk that takes no writes.
	l, err := net.Listen("tcp", "10.9.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			one, err := l.Accept()
			if err != nil {
				return
			}
			_ = one.Close()
		}
	}()
	c.sh("mount -o remount,ro " + data)
	found, _ = c.here(file)
	wants(t, found, "ports", doctor.Fail, "another program has 10.9.0.1:8080")
	wants(t, found, "disk", doctor.Fail, "cannot be written")
}
