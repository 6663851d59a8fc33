// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/spell"
)

// fields are what a file can hold.
var fields = []string{"name", "about", "needs", "fastest", "steps"}

// Read reads a scenario strictly. It fails with fault.FieldInvalid whose cause
// is [Problems]: all that is wrong, each with its line.
func Read(file string, data []byte) (*Scenario, error) {
	r := reader{s: &Scenario{File: file, Fastest: 1}}
	r.file(data)
	if len(r.problems) == 0 {
		r.whole()
	}
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b Problem) int { return a.Line - b.Line })
		return nil, fault.FieldInvalid.Wrap(r.problems, "field", r.problems[0].Field, "file", file)
	}
	return r.s, nil
}

// reader fills a scenario and notes everything that does not fit.
type reader struct {
	s        *Scenario
	problems Problems
	stepped  bool // there are steps, good or bad
}

func (r *reader) complain(line int, field, what, fix string) {
	r.problems = append(r.problems, Problem{r.s.File, line, field, what, fix})
}

func lineOf(n ast.Node) int {
	if n != nil && n.GetToken() != nil && n.GetToken().Position != nil {
		return n.GetToken().Position.Line
	}
	return 0
}

func (r *reader) file(data []byte) {
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		line, what := 0, err.Error()
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil {
			line, what = at.GetToken().Position.Line, at.GetMessage()
		}
		r.complain(line, "", "it is not YAML: "+what, "a text with a colon needs quotes")
		return
	}
	if len(file.Docs) > 1 {
		r.complain(lineOf(file.Docs[1].Body), "", "a second document begins here", "keep one")
		return
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		r.complain(0, "", "the file is empty", "it needs name and steps")
		return
	}
	seen := map[string]bool{}
	for _, e := range entries(file.Docs[0].Body) {
		key, line := e.Key.GetToken().Value, lineOf(e.Key)
		switch {
		case seen[key]:
			r.complain(line, key, "is there twice", "keep one")
		case !slices.Contains(fields, key):
			r.complain(line, key, "there is no such field", meant(key, fields))
		default:
			r.field(key, e)
		}
		seen[key] = true
	}
	for _, must := range []string{"name", "steps"} {
		if !seen[must] {
			r.complain(0, must, "is missing", "possible: "+strings.Join(fields, ", "))
		}
	}
}

// entries are the pairs of a mapping; none for anything else.
func entries(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

// text reads a value that is one text or number.
func text(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func (r *reader) field(key string, e *ast.MappingValueNode) {
	line := lineOf(e.Key)
	if key == "steps" {
		list, ok := e.Value.(*ast.SequenceNode)
		if !ok {
			r.complain(line, key, "is not a list", `write "- at 10s: lose udp for 8s" below it`)
			return
		}
		if len(list.Values) > MaxSteps {
			r.complain(line, key, fmt.Sprintf("has %d steps", len(list.Values)), fmt.Sprintf("up to %d are possible", MaxSteps))
			return
		}
		r.stepped = len(list.Values) > 0
		for i, n := range list.Values {
			r.step(fmt.Sprintf("steps[%d]", i), n)
		}
		return
	}
	v, ok := text(e.Value)
	if v = strings.TrimSpace(v); !ok || v == "" {
		r.complain(line, key, "is not a text", "write it after the colon")
		return
	}
	switch key {
	case "name":
		r.s.Name = v
	case "about":
		r.s.About = v
	case "needs":
		switch v {
		case "one peer":
			r.s.OnePeer = true
		case "anybody":
		default:
			r.complain(line, key, strconv.Quote(v)+" is not known", `possible: "one peer" (it is about one, to be named), "anybody"`)
		}
	case "fastest":
		f, err := strconv.ParseFloat(v, 64)
		if err != nil || f < 1 || f > MaxSpeed {
			r.complain(line, key, strconv.Quote(v)+" is out of range", fmt.Sprintf("possible: 1 to %d, how many times faster it still means something", MaxSpeed))
			return
		}
		r.s.Fastest = f
	}
}

// step reads "at 10s: lose udp for 8s".
func (r *reader) step(field string, n ast.Node) {
	pairs := entries(n)
	if len(pairs) != 1 {
		r.complain(lineOf(n), field, "is not one pair", `write "- at 10s: lose udp for 8s"`)
		return
	}
	key, line := pairs[0].Key.GetToken().Value, lineOf(pairs[0].Key)
	value, ok := text(pairs[0].Value)
	if !ok {
		r.complain(line, field, "says nothing after the colon", "possible: "+strings.Join(verbNames(), ", "))
		return
	}
	when, given := strings.CutPrefix(key, "at ")
	at, err := time.ParseDuration(strings.TrimSpace(when))
	if !given || err != nil {
		r.complain(line, field, strconv.Quote(key)+" is not a time", `write it as "at 10s" or "at 1m30s"`)
		return
	}
	if at < 0 || at > MaxLength {
		r.complain(line, field, strconv.Quote(key)+" is out of range", "possible: at 0s to at "+MaxLength.String())
		return
	}
	s := Step{At: at, Text: strings.Join(strings.Fields(value), " "), Line: line}
	if err := s.understand(); err != nil {
		r.complain(line, field, err.what, err.fix)
		return
	}
	r.s.Steps = append(r.s.Steps, s)
}

// whole checks what only all steps together can show.
func (r *reader) whole() {
	faults := 0
	for i, s := range r.s.Steps {
		field := fmt.Sprintf("steps[%d]", i)
		switch {
		case i > 0 && r.s.Steps[i-1].Do == DoEnd:
			r.complain(s.Line, field, "comes after the end", "move it up, or the end down")
		case i > 0 && s.At < r.s.Steps[i-1].At:
			r.complain(s.Line, field, fmt.Sprintf("is at %v, before the step above it at %v", s.At, r.s.Steps[i-1].At), "write the steps in the order of time")
		case s.Do == DoExpect && faults == 0:
			r.complain(s.Line, field, "expects something before anything was provoked", "move it below a fault")
		}
		if s.Do == DoInject {
			faults++
		}
	}
	if faults == 0 && len(r.problems) == 0 {
		r.complain(0, "steps", "nothing is provoked", `write "- at 10s: lose udp for 8s"`)
	}
}

// meant suggests one word, or lists them all.
func meant(word string, known []string) string {
	list := "possible: " + strings.Join(known, ", ")
	if near := spell.Nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q? %s", near, list)
	}
	return list
}
