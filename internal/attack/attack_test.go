// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(floodVar); name != "" { // this program is the attacker as well
		if err := attackAs(context.Background(), name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// held are floods that are short enough for every run of the tests. What they
// are held to here is what a busy machine does not change: memory, and what is
// counted.
var held = []string{"ids", "find", "chat", "takeover"}

func TestFloodsAreHeld(t *testing.T) {
	o := options{seconds: 2 * time.Second, binary: os.Getenv("REDIAL_BINARY"), logs: t.TempDir(), names: strings.Join(held, ",")}
	if o.binary == "" {
		o.binary = filepath.Join(t.TempDir(), "redial")
		if err := build(t.Context(), o.binary); err != nil {
			t.Fatal(err)
		}
	}
	list, err := chosen(o.names)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		t.Run(f.name, func(t *testing.T) {
			r, err := measure(t.Context(), o, f, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			t.Log(r)
			if r.memory >= mostMemory {
				t.Errorf("it took %d MiB", r.memory>>20)
			}
			if len(r.pings) == 0 {
				t.Error("nothing was answered meanwhile")
			}
			for _, b := range r.broken {
				if b == "identity" { // the rest is a matter of time, or was looked at above
					t.Error(b)
				}
			}
		})
	}
}

// TestABrokenPromiseIsTold judges rows that just keep a promise and rows that
// just break it.
func TestABrokenPromiseIsTold(t *testing.T) {
	good := row{flood: floods[0], memory: mostMemory - 1, pings: []time.Duration{mostPing - 1}}
	for want, change := range map[string]func(*row){
		"": func(*row) {}, "memory": func(r *row) { r.memory = mostMemory }, "sound": func(r *row) { r.silent = 1 },
		"ping": func(r *row) { r.pings = nil }, "interruptions": func(r *row) { r.cut = 1 },
	} {
		r := good
		change(&r)
		r.judge()
		if got := strings.Join(r.broken, ", "); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%+v: broken is %q, want %q", r, got, want)
		}
	}
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte("before\n"+markBegin+"\nold\n"+markEnd+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	bad := good
	bad.cut = 2
	bad.judge()
	if err := writeTable(page, []row{good, bad}, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"before\n" + markBegin, "| yes |", "| **no**: 2 interruptions |", markEnd + "\nafter\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in the page:\n%s", want, text)
		}
	}
}

func TestEveryFloodHasAName(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range floods {
		if f.name == "" || f.what == "" || f.run == nil || seen[f.name] {
			t.Errorf("%+v", f)
		}
		seen[f.name] = true
	}
	if _, err := chosen("ids,nothing"); err == nil || !strings.Contains(err.Error(), "reflect") {
		t.Errorf("a flood that is not there: %v", err)
	}
}
