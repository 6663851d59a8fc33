// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// walk is a numbered list of functions in docs/architecture.md, each of which
// calls the next, and what holds for it.
type walk struct {
	heading   string
	functions int // at most
	handOffs  int // to another goroutine, at most
}

// walks are those that the document draws.
var walks = []walk{
	{heading: "## Walk 1: a join", functions: 7, handOffs: 2},
	{heading: "## Walk 2: a packet", functions: 7, handOffs: 0},
	{heading: "## Walk 3: a failure, from the socket to a query", functions: 10, handOffs: 2},
}

// named is a function of ours where the document names one: a link to its file.
var named = regexp.MustCompile("\\[`([A-Za-z.]+)`\\]\\(\\.\\./([a-z0-9_/]+\\.go)\\)")

// TestTheWalksAreThoseOfTheCode reads the walks of docs/architecture.md. Every
// function that is named is in the file it is linked to. Those of a numbered list
// call each other in that order, unless the text says that the call goes over to
// another goroutine or through a table; and a walk never comes back to a package
// that it has left.
func TestTheWalksAreThoseOfTheCode(t *testing.T) {
	src, err := os.ReadFile("../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(src)
	all := named.FindAllStringSubmatch(doc, -1)
	if len(all) < 30 {
		t.Errorf("only %d functions are named", len(all))
	}
	for _, m := range all {
		if function(t, m[1], m[2]) == nil {
			t.Errorf("%s has no %s", m[2], m[1])
		}
	}
	for _, w := range walks {
		_, text, ok := strings.Cut(doc, w.heading+"\n")
		if !ok {
			t.Errorf("no %q", w.heading)
			continue
		}
		text, _, _ = strings.Cut(text, "\n## ")
		w.hold(t, steps(text))
	}
}

// steps are the items of the numbered list of a text.
func steps(text string) (items []string) {
	item := regexp.MustCompile(`^\d+\. `)
	for line := range strings.Lines(text) {
		switch {
		case item.MatchString(line):
			items = append(items, line)
		case strings.HasPrefix(line, "   ") && len(items) > 0:
			items[len(items)-1] += line
		}
	}
	return items
}

func (w walk) hold(t *testing.T, items []string) {
	t.Helper()
	if n := len(items); n < 3 || n > w.functions {
		t.Errorf("%s: %d functions, at most %d", w.heading, n, w.functions)
	}
	handOffs := 0
	var packages []string
	for i, item := range items {
		m := named.FindStringSubmatch(item)
		if m == nil {
			t.Errorf("%s: step %d names no function", w.heading, i+1)
			return
		}
		elsewhere := strings.Contains(item, "**Hand-off**")
		if elsewhere {
			handOffs++
		}
		if dir := filepath.Dir(m[2]); !slices.Contains(packages, dir) {
			packages = append(packages, dir)
		} else if packages[len(packages)-1] != dir {
			t.Errorf("%s: step %d comes back to %s", w.heading, i+1, dir)
		}
		if i+1 == len(items) || elsewhere || strings.Contains(item, "the table.") {
			continue
		}
		next := named.FindStringSubmatch(items[i+1])
		if next == nil {
			continue // is told in its turn
		}
		if f := function(t, m[1], m[2]); f != nil && !mentions(f, next[1][strings.LastIndex(next[1], ".")+1:]) {
			t.Errorf("%s: %s does not call %s", w.heading, m[1], next[1])
		}
	}
	if handOffs > w.handOffs {
		t.Errorf("%s: %d hand-offs, at most %d", w.heading, handOffs, w.handOffs)
	}
}

// function finds "name" or "Type.name" in a file of ours, or nil.
func function(t *testing.T, name, file string) *ast.FuncDecl {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", file), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Error(err)
		return nil
	}
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		full := f.Name.Name
		if f.Recv != nil {
			full = receiver(f.Recv.List[0].Type) + "." + full
		}
		if full == name {
			return f
		}
	}
	return nil
}

// mentions tells whether a function's body calls or hands on something of a name.
func mentions(f *ast.FuncDecl, name string) (found bool) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Name == name {
			found = true
		}
		return true
	})
	return found
}
