// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package turn

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/testlog"
)

// TestCoturnTakesOurCredentials: a coturn that shares a secret relays for whoever has
// a credential made with it, and for nobody else.
func TestCoturnTakesOurCredentials(t *testing.T) {
	program, err := exec.LookPath("turnserver")
	if err != nil {
		t.Skip("needs turnserver of the Debian package coturn; scripts/install.sh installs it")
	}
	free := packetConn(t)
	at := free.LocalAddr().(*net.UDPAddr)
	_ = free.Close()
	var said testlog.Buffer
	dir := t.TempDir()
	server := exec.Command(program, "-n", "--log-file=stdout", "--no-cli", "--no-tls", "--no-dtls", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1",
		fmt.Sprint("--listening-port=", at.Port), "--realm="+realm, "--use-auth-secret", "--static-auth-secret=shared",
		"--userdb="+filepath.Join(dir, "turndb"), "--pidfile="+filepath.Join(dir, "pid"))
	server.Stdout, server.Stderr = &said, &said
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	s := &site{t: t, udp: at}
	allocate := func(secret string) error {
		client := s.client(NewIssuer(secret, time.Hour).Issue("peer"))
		relay, err := client.Allocate()
		if err == nil {
			err = relay.Close()
		}
		return err
	}
	for deadline := time.Now().Add(patience); ; {
		err := allocate("shared")
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v\n%s", err, said.String())
		}
	}
	if err := allocate("guessed"); err == nil || code(err) != 401 {
		t.Errorf("with another secret: %v", err)
	}
}
