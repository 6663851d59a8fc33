// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/dialect"
)

// neutral are the packages that every wire shares.
var neutral = []string{"participant", "room", "poll", "policy", "sfu", "inject", "socket", "evidence", "sink",
	"event", "event/bitset", "event/eventlog", "event/rollup", "event/sqlite", "event/spool", "event/clickhouse", "event/copy"}

// generic are words of vendors' protocols that are plain English as well.
var generic = regexp.MustCompile(`^[a-z0-9]+$`)

// TestNothingBelowTheWireSpeaksForAVendor reads the syntax trees of the packages
// that every wire shares. None may hold a vendor's name, an error's number or
// name, a method or a field of a vendor's protocol, or a word for what a client
// was doing.
func TestNothingBelowTheWireSpeaksForAVendor(t *testing.T) {
	vendors := regexp.MustCompile(`(?i)hms|100ms|opentok|vonage|tokbox|openvidu|kurento|sceenic`)
	words, codes := map[string]string{}, map[int]string{}
	for _, d := range dialect.Vendors() {
		for _, r := range d.Rows() {
			if r.Word.Code >= 1000 && r.Word.Code%100 != 0 { // round numbers are everybody's
				codes[r.Word.Code] = d.Name
			}
			if r.Word.Name != "" {
				words[r.Word.Name] = d.Name
			}
		}
	}
	for _, action := range []string{"INIT", "JOIN", "PUBLISH", "SUBSCRIBE", "RECONNECT_SIGNAL", "VALIDATION", "GET_TOKEN"} {
		words[action] = "what a client was doing"
	}
	for _, dir := range []string{"wire/hms", "policy/policyjson", "event/eventjson"} {
		for word, where := range protocol(t, dir) {
			words[word] = where
		}
	}
	if len(words) < 150 || len(codes) < 50 {
		t.Fatalf("only %d words and %d numbers are looked for", len(words), len(codes))
	}
	for _, name := range neutral {
		each(t, name, func(at token.Position, n ast.Node) {
			switch n := n.(type) {
			case *ast.Ident:
				if vendors.MatchString(n.Name) {
					t.Errorf("%s: %s names a vendor", at, n.Name)
				}
			case *ast.BasicLit:
				text, err := strconv.Unquote(n.Value)
				switch {
				case n.Kind == token.INT:
					if v, err := strconv.Atoi(strings.ReplaceAll(n.Value, "_", "")); err == nil && codes[v] != "" {
						t.Errorf("%s: %d is a number of %s", at, v, codes[v])
					}
				case err != nil || n.Kind != token.STRING:
				case words[text] != "":
					t.Errorf("%s: %q is a word of %s", at, text, words[text])
				case vendors.MatchString(text):
					t.Errorf("%s: %q names a vendor", at, text)
				}
			case *ast.Field:
				if n.Tag == nil {
					return
				}
				raw, _ := strconv.Unquote(n.Tag.Value)
				tag, _, _ := strings.Cut(reflect.StructTag(raw).Get("json"), ",")
				if words[tag] != "" {
					t.Errorf("%s: the JSON field %q is one of %s", at, tag, words[tag])
				}
			}
		})
	}
}

// protocol is what a wire's package calls its methods, notifications and fields,
// without what is plain English.
func protocol(t *testing.T, dir string) map[string]string {
	found := map[string]string{}
	add := func(word string) {
		if word != "" && !generic.MatchString(word) {
			found[word] = dir
		}
	}
	each(t, dir, func(_ token.Position, n ast.Node) {
		switch n := n.(type) {
		case *ast.Field:
			if n.Tag != nil {
				raw, _ := strconv.Unquote(n.Tag.Value)
				tag, _, _ := strings.Cut(reflect.StructTag(raw).Get("json"), ",")
				add(tag)
			}
		case *ast.KeyValueExpr: // rows of the tables of calls
			if key, ok := n.Key.(*ast.BasicLit); ok && key.Kind == token.STRING {
				text, _ := strconv.Unquote(key.Value)
				add(text)
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.SelectorExpr); ok && strings.HasPrefix(f.Sel.Name, "notify") && len(n.Args) > 0 {
				if method, ok := n.Args[0].(*ast.BasicLit); ok {
					text, _ := strconv.Unquote(method.Value)
					add(text)
				}
			}
		}
	})
	return found
}

// each walks the syntax trees of a package below internal, tests and the names
// of details of faults, which are ours, left out.
func each(t *testing.T, name string, f func(token.Position, ast.Node)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(name, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", name, err)
	}
	set := token.NewFileSet()
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(set, path, src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				switch fun := call.Fun.(type) {
				case *ast.SelectorExpr:
					if fun.Sel.Name == "New" || fun.Sel.Name == "Wrap" {
						return false
					}
				case *ast.Ident:
					if fun.Name == "bad" { // a closure over New
						return false
					}
				}
			}
			if n != nil {
				f(set.Position(n.Pos()), n)
			}
			return true
		})
	}
}
