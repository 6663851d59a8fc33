// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package internal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/redial-rtc/redial"

// mayImport says which of our packages each of our packages may name, arrows
// pointing down only. A package without a row fails the test: decide where it
// belongs before it grows. "*" stands for everything under internal/.
//
// Rooms and media never meet, and neither knows a vendor's vocabulary: faults
// are stored canonically and projected at the edge (wire, report, api).
var mayImport = map[string][]string{
	"fault":      {},
	"dialect":    {"fault"},
	"client":     {"internal/codec", "internal/rtpseq", "dialect", "fault"},
	"admin":      {"fault"},
	"redialtest": {"admin", "internal/token", "fault"},
	"cmd/redial": {"internal/background", "admin", "client", "internal/server", "internal/config", "internal/cert", "internal/datafile", "internal/token", "internal/event", "internal/event/eventjson", "internal/diagnose", "internal/spell", "internal/when", "internal/faultdoc", "internal/docsite", "internal/scenario", "internal/doctor", "dialect", "fault"},

	"internal/faultdoc":           {"dialect", "fault"},
	"internal/faultdoc/gen":       {"internal/faultdoc"},
	"internal/doctor":             {"admin", "client", "internal/config", "internal/datafile", "internal/turn", "fault"},
	"internal/grafana":            {},
	"internal/metricdoc":          {},
	"internal/trace":              {"fault"},
	"internal/tsgen":              {},
	"internal/tsgen/gen":          {"internal/tsgen"},
	"internal/policy":             {"internal/text", "fault"},
	"internal/policy/policyjson":  {"internal/policy", "fault"},
	"internal/token":              {"internal/recent", "fault"},
	"internal/datafile":           {"fault"},
	"internal/evidence":           {},
	"internal/cert":               {"internal/datafile", "fault"},
	"internal/cert/certtest":      {},
	"internal/diagnose":           {"internal/evidence", "fault"},
	"internal/skew":               {"internal/event", "internal/recent"},
	"internal/vitals":             {"internal/evidence"},
	"internal/event":              {"internal/background", "internal/evidence", "internal/text", "internal/limit", "internal/recent", "internal/datafile", "fault"},
	"internal/event/eventjson":    {"internal/event", "internal/evidence", "internal/datafile", "fault"},
	"internal/event/bitset":       {},
	"internal/event/docpack":      {},
	"internal/event/postings":     {},
	"internal/event/docpack/gen":  {"internal/event", "internal/event/eventjson", "fault"}, // a program
	"internal/event/eventlog":     {"internal/background", "internal/event", "internal/event/docpack", "internal/event/postings", "internal/event/eventjson", "internal/recent", "internal/datafile", "fault"},
	"internal/event/rollup":       {"internal/event", "internal/event/eventlog", "internal/event/bitset"},
	"internal/event/people":       {"internal/event", "internal/event/eventlog", "internal/text"},
	"internal/event/sqlite":       {"internal/background", "internal/event", "internal/event/eventjson", "internal/event/eventlog", "internal/event/rollup", "internal/event/bitset", "internal/event/people", "internal/datafile", "fault"},
	"internal/event/intake":       {"internal/datafile", "internal/event", "internal/event/eventjson"},
	"internal/event/spool":        {"internal/event", "internal/event/eventlog", "internal/event/rollup"},
	"internal/event/clickhouse":   {"internal/event", "internal/event/eventjson", "internal/event/eventlog", "internal/event/rollup", "internal/event/spool", "fault"},
	"internal/event/copy":         {"internal/event", "internal/event/eventjson", "internal/event/eventlog", "internal/event/rollup", "internal/datafile", "fault"},
	"internal/event/eventtest":    {"internal/evidence", "internal/event", "internal/event/eventjson", "internal/diagnose", "internal/explain", "fault"},
	"bench/events":                {"internal/background", "internal/figures", "internal/server", "internal/config", "internal/token", "internal/event", "internal/event/eventjson", "internal/event/sqlite", "fault"}, // a program
	"bench/media":                 {"internal/figures", "admin", "client", "internal/token"},                                                                                                                           // a program
	"bench/restart":               {"internal/figures", "client", "admin", "internal/token", "fault"},                                                                                                                  // a program
	"internal/attack":             {"internal/figures", "client", "internal/token"},
	"internal/figures":            {}, // a program
	"internal/sink":               {"internal/event", "internal/event/eventjson", "internal/datafile", "fault"},
	"internal/diagnose/recording": {"internal/diagnose"}, // for tests
	"internal/verdict":            {"internal/background", "internal/diagnose", "internal/explain", "internal/event", "fault"},
	"internal/explain":            {"internal/diagnose", "internal/event", "internal/evidence"},
	"internal/repro":              {"client", "internal/diagnose", "internal/event", "internal/evidence", "internal/explain", "internal/inject", "internal/policy", "internal/registry", "internal/report", "internal/room", "internal/token", "dialect", "fault"},
	"internal/share":              {"internal/diagnose", "fault"},
	"internal/ask":                {"internal/diagnose", "internal/evidence", "internal/sfu", "internal/share", "internal/text", "fault"},
	"internal/codec":              {},
	"internal/codec/svctest":      {}, // for tests
	"internal/rtpseq":             {},
	"internal/sfu":                {"internal/background", "internal/evidence", "internal/rtpseq", "internal/sfu/rtpbuf", "internal/sfu/gcc", "internal/sfu/transport", "internal/codec", "internal/accept", "internal/limit", "fault"},
	"internal/sfu/rtpbuf":         {"internal/codec"},
	"internal/sfu/gcc":            {},
	"internal/sfu/transport":      {},
	"internal/room":               {"internal/poll", "internal/text", "internal/policy", "fault"},
	"internal/poll":               {"internal/text", "fault"},
	"internal/registry":           {"internal/text", "internal/policy", "internal/policy/policyjson", "internal/datafile", "fault"},
	"internal/registry/journal":   {"internal/registry", "internal/room", "fault"}, // implements room.Journal
	"internal/report":             {"internal/event", "internal/evidence", "internal/text", "dialect", "fault"},
	"internal/inject":             {"internal/event", "fault"},
	"internal/scenario":           {"admin", "internal/spell", "fault"},
	"internal/socket":             {"internal/evidence", "internal/limit", "fault"},
	"internal/live":               {"fault"},
	"internal/participant": {"internal/live", "internal/evidence", "internal/recent", "internal/skew", "internal/room", "internal/sfu", "internal/event", "internal/report", "internal/inject",
		"internal/limit", "internal/policy", "internal/text", "internal/token", "internal/trace", "fault"},
	"internal/wire/hms": {"internal/participant", "internal/socket", "internal/room", "internal/poll", "internal/sfu", "internal/event", "internal/report",
		"internal/inject", "internal/limit", "internal/policy", "internal/policy/policyjson", "internal/text", "internal/token", "internal/wire/jsonrpc", "dialect", "fault"},
	"internal/wire/kurento": {"internal/evidence", "internal/participant", "internal/socket", "internal/room", "internal/sfu", "internal/event",
		"internal/inject", "internal/limit", "internal/policy", "internal/text", "internal/wire/jsonrpc", "dialect", "fault"},
	"internal/wire/jsonrpc": {"internal/text", "fault"},
	"internal/openvidu": {"internal/body", "internal/registry", "internal/room", "internal/limit", "internal/policy", "internal/text", "internal/token",
		"internal/wire/kurento", "fault"}, // implements kurento.Tokens
	"internal/sceenic": {"internal/registry", "internal/limit", "internal/text", "internal/token",
		"internal/wire/kurento", "dialect", "fault"}, // implements kurento.SharedTokens
	"internal/opentok": {"internal/body", "internal/registry", "internal/room", "internal/limit", "internal/policy", "internal/recent", "internal/text", "internal/token",
		"internal/wire/kurento", "dialect", "fault"}, // implements kurento.SharedTokens
	"internal/api/opentok": {"internal/body", "internal/opentok", "internal/registry", "internal/room", "internal/limit", "internal/text", "internal/token",
		"internal/wire/kurento", "fault"},
	"internal/testlog":       {},                                                                      // for tests
	"internal/wire/wiretest": {"internal/evidence", "internal/participant", "internal/room", "fault"}, // a wire for tests
	"internal/when":          {},
	"internal/api": {"internal/body", "internal/live", "internal/evidence", "internal/when", "internal/room", "internal/skew", "internal/diagnose", "internal/explain", "internal/share", "internal/ask", "internal/repro", "internal/verdict", "internal/event", "internal/event/eventjson", "internal/sink", "internal/report", "internal/registry", "internal/inject",
		"internal/limit", "internal/policy", "internal/policy/policyjson", "internal/text", "internal/token", "internal/faultdoc", "dialect", "fault"},
	"internal/turn":       {"internal/evidence", "internal/limit", "internal/recent"},
	"internal/config":     {"fault", "internal/spell"},
	"internal/pages":      {},
	"internal/console":    {"internal/body", "internal/api", "internal/limit", "internal/pages", "internal/recent", "internal/token", "fault"},
	"docs":                {},
	"internal/docsite":    {"docs", "internal/faultdoc"},
	"internal/spell":      {},
	"internal/limit":      {"internal/recent", "fault"},
	"internal/background": {},
	"internal/recent":     {},
	"internal/accept":     {},
	"internal/text":       {},
	"internal/body":       {"internal/text", "fault"},
	"internal/server":     {"*", "dialect", "fault"},

	"e2e/probe":     {"client", "fault"},
	"e2e/crowd":     {"client", "fault"},
	"e2e/history":   {"internal/event", "internal/event/sqlite", "internal/evidence", "internal/report", "fault"},
	"e2e/authority": {"internal/cert/certtest"},
	"e2e/cases":     {"internal/diagnose", "internal/diagnose/recording", "internal/event", "internal/event/sqlite", "internal/explain", "internal/report"},

	// Programs outside the module could be written the same way.
	"examples/echo":     {"client", "fault"},
	"examples/recorder": {"client"},
	"examples/retry":    {"client"},
	"examples/health":   {"client", "fault"},
	"examples/apptest":  {"client", "fault"},
}

// pkg is what `go list -json` says about a package.
type pkg struct {
	ImportPath   string
	Dir          string
	GoFiles      []string
	Imports      []string
	TestGoFiles  []string
	XTestGoFiles []string
}

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports,TestGoFiles,XTestGoFiles", module+"/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(out); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if len(pkgs) < len(mayImport)/2 {
		t.Fatalf("go list found only %d packages", len(pkgs))
	}
	return pkgs
}

// name is a package's path inside the module.
func (p pkg) name() string { return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/") }

// ours keeps the imports that belong to this module, as names.
func ours(imports []string) []string {
	var names []string
	for _, path := range imports {
		if rest, ok := strings.CutPrefix(path, module+"/"); ok {
			names = append(names, rest)
		}
	}
	return names
}

func TestImportsPointDown(t *testing.T) {
	for _, p := range list(t) {
		if len(p.GoFiles) == 0 {
			continue // tests only, such as this file's package
		}
		allowed, ok := mayImport[p.name()]
		if !ok {
			t.Errorf("%s has no row in mayImport: say what it may import", p.name())
			continue
		}
		everything := slices.Contains(allowed, "*")
		for _, name := range ours(p.Imports) {
			if slices.Contains(allowed, name) || everything && strings.HasPrefix(name, "internal/") {
				continue
			}
			t.Errorf("%s imports %s; it may import %v", p.name(), name, allowed)
		}
	}
}

// TestPackagesSayWhatTheyAreFor wants exactly one package comment that is more
// than a name, in every package.
func TestPackagesSayWhatTheyAreFor(t *testing.T) {
	for _, p := range list(t) {
		if len(p.GoFiles) == 0 {
			continue
		}
		var docs []string
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			if doc := packageDoc(file); doc != "" {
				docs = append(docs, doc)
			}
		}
		switch {
		case len(docs) != 1:
			t.Errorf("%s has %d package comments, want 1", p.name(), len(docs))
		case len(docs[0]) < 40:
			t.Errorf("%s: the package comment %q says too little", p.name(), docs[0])
		}
	}
}

func packageDoc(file *ast.File) string {
	if file.Doc == nil {
		return ""
	}
	return strings.TrimSpace(file.Doc.Text())
}

// vendor matches names that belong to a dialect or to a wire's codec.
var vendor = regexp.MustCompile(`(?i)\b(hms\w*|opentok|vonage|sceenic|kurento|openvidu|livekit|janus)\b`)

// atTheEdge are the packages that may name vendors: their doors, what is set and said about
// these, and what chooses between their words.
var atTheEdge = []string{
	"internal/api", "internal/api/opentok", "internal/opentok", "internal/openvidu", "internal/sceenic", "internal/wire/hms", "internal/wire/kurento",
	"internal/config", "internal/server", "internal/pages", "internal/faultdoc", "internal/metricdoc",
	"internal/report", "internal/repro", // which of the dialects is spoken where none is asked for
	"internal/event/docpack/gen", // samples
}

// TestNoVendorBelowDialect keeps the packages in the middle free of vendors'
// names, in code and in comments.
func TestNoVendorBelowDialect(t *testing.T) {
	for _, p := range list(t) {
		middle := p.name() == "fault" || strings.HasPrefix(p.name(), "internal/")
		if !middle || slices.Contains(atTheEdge, p.name()) {
			continue
		}
		for at, line := range lines(t, p) {
			if word := vendor.FindString(line); word != "" {
				t.Errorf("%s names %q; vendors' words live in dialect and at the edge", at, word)
			}
		}
	}
}

// TestBodiesAreReadInOnePlace, where what is wrong with one is told apart.
func TestBodiesAreReadInOnePlace(t *testing.T) {
	found := false
	for _, p := range list(t) {
		for at, line := range lines(t, p) {
			if !strings.Contains(line, "http.MaxBytesReader") {
				continue
			}
			if found = true; p.name() != "internal/body" {
				t.Errorf("%s reads a body; internal/body does", at)
			}
		}
	}
	if !found {
		t.Error("nobody reads a body")
	}
}

// lines are those of a package, tests left out, by where they are.
func lines(t *testing.T, p pkg) iter.Seq2[string, string] {
	t.Helper()
	return func(yield func(at, line string) bool) {
		for _, name := range p.GoFiles {
			src, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range strings.Split(string(src), "\n") {
				if !yield(fmt.Sprintf("%s/%s:%d", p.name(), name, i+1), line) {
					return
				}
			}
		}
	}
}
