// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/spell"
)

// Load reads a file strictly, lets the environment override what may be
// overridden, reads the key file and checks the result. An empty path is an
// empty file: the defaults and the environment. Whatever is wrong comes back
// as one fault.ConfigInvalid whose cause is [Problems]. More checks may be given,
// for what this package cannot know.
func Load(path string, getenv func(string) string, more ...func(*Config) []Problem) (Config, error) {
	var data []byte
	if path != "" {
		var err error
		if data, err = os.ReadFile(path); err != nil {
			return Config{}, fault.ConfigInvalid.Wrap(err, "file", path)
		}
	}
	c, lines, problems := parse(data)
	problems = append(problems, c.applyEnvironment(getenv)...)
	problems = append(problems, c.readKeyFile()...)
	seen := map[string]bool{}
	for _, p := range problems {
		seen[p.Field] = true
	}
	bad := c.Problems()
	for _, check := range more {
		bad = append(bad, check(&c)...)
	}
	for _, p := range bad {
		if !seen[p.Field] { // what could not be read is not also out of range
			problems = append(problems, p)
		}
	}
	if len(problems) == 0 {
		return c, nil
	}
	for i, p := range problems {
		if p.Line == 0 {
			problems[i].Line = lines[p.Field]
		}
	}
	slices.SortStableFunc(problems, func(a, b Problem) int { return a.Line - b.Line })
	if path == "" {
		return c, fault.ConfigInvalid.Wrap(Problems(problems))
	}
	return c, fault.ConfigInvalid.Wrap(Problems(problems), "file", path)
}

// parse reads YAML over the defaults. The lines say where each setting stands.
func parse(data []byte) (c Config, lines map[string]int, problems []Problem) {
	c, lines = Default(), map[string]int{}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		p := Problem{What: "is not YAML: " + err.Error()}
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil {
			p = Problem{Line: at.GetToken().Position.Line, What: "is not YAML: " + at.GetMessage()}
		}
		return c, lines, []Problem{p}
	}
	r := reader{lines: lines}
	for i, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if i > 0 {
			r.complain("", doc.Body, "is a second document", "keep one")
			break
		}
		r.section(reflect.ValueOf(&c).Elem(), doc.Body, "")
	}
	return c, lines, r.problems
}

// reader copies a syntax tree into a struct and notes everything that does not
// fit, with its line.
type reader struct {
	lines    map[string]int
	problems []Problem
}

func (r *reader) complain(name string, at ast.Node, what, fix string) {
	line := 0
	if t := at.GetToken(); t != nil {
		line = t.Position.Line
	}
	r.problems = append(r.problems, Problem{Field: name, Line: line, What: what, Fix: fix})
}

// section reads the keys of one mapping into the fields of v.
func (r *reader) section(v reflect.Value, node ast.Node, prefix string) {
	var entries []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		entries = n.Values
	case *ast.MappingValueNode:
		entries = []*ast.MappingValueNode{n}
	case *ast.NullNode, *ast.CommentGroupNode:
		return // a section with everything commented out
	default:
		r.complain(strings.TrimSuffix(prefix, "."), node, "must hold settings", "write one \"name: value\" per line below it")
		return
	}
	for _, entry := range entries {
		key := entry.Key.GetToken().Value
		var names []string
		known := false
		for f := range fieldsOf(v.Type()) {
			names = append(names, f.name)
			if f.name == key {
				known = true
				r.setting(v.FieldByIndex(f.Index), entry, prefix+key)
			}
		}
		if known {
			continue
		}
		fix := "\"redial config\" lists them all"
		if near := spell.Nearest(key, names); near != "" {
			fix = fmt.Sprintf("did you mean %q?", near)
		} else if home := findHome(key); home != "" {
			fix = fmt.Sprintf("did you mean %q?", home)
		}
		r.complain(prefix+key, entry.Key, "there is no such setting", fix)
	}
}

// findHome finds a setting of that name in any section.
func findHome(key string) string {
	for _, s := range Settings() {
		if _, last, _ := cutLast(s.Name, "."); last == key {
			return s.Name
		}
	}
	return ""
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+len(sep):], true
}

// setting reads one value into its field.
func (r *reader) setting(v reflect.Value, entry *ast.MappingValueNode, name string) {
	r.lines[name] = entry.Key.GetToken().Position.Line
	node := entry.Value
	switch {
	case v.Kind() == reflect.Struct:
		r.section(v, node, name+".")
		return
	case node == nil || node.Type() == ast.NullType:
		return // nothing written: the default
	case isListOfStructs(v.Type()):
		list, ok := node.(*ast.SequenceNode)
		if !ok {
			r.complain(name, node, "must be a list", "start each entry with \"- \"")
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(list.Values), len(list.Values)))
		for i, one := range list.Values {
			r.lines[fmt.Sprintf("%s[%d]", name, i)] = one.GetToken().Position.Line
			r.section(v.Index(i), one, fmt.Sprintf("%s[%d].", name, i))
		}
		return
	}
	if v.Type() == reflect.TypeFor[time.Duration]() && node.Type() != ast.StringType {
		if t := node.GetToken(); t == nil || t.Value != "0" {
			r.complain(name, node, fmt.Sprintf("is not a duration: %s", node), "write a unit, such as 30s, 5m or 720h")
			return
		}
	}
	if err := yaml.NodeToValue(node, v.Addr().Interface()); err != nil {
		r.complain(name, node, fmt.Sprintf("is not a %s: %s", typeName(v.Type()), node), exampleOf(v.Type()))
	}
}

func exampleOf(t reflect.Type) string {
	switch typeName(t) {
	case "duration":
		return "write a number and a unit, such as 30s, 5m or 720h"
	case "list of text":
		return `write a list, such as ["a", "b"]`
	case "true or false":
		return "write true or false"
	case "number":
		return "write a number without a unit"
	default:
		return "put it in quotes"
	}
}

// applyEnvironment lets variables override the settings that name one.
func (c *Config) applyEnvironment(getenv func(string) string) (problems []Problem) {
	var walk func(v reflect.Value, prefix string)
	walk = func(v reflect.Value, prefix string) {
		for f := range fieldsOf(v.Type()) {
			field := v.FieldByIndex(f.Index)
			if field.Kind() == reflect.Struct {
				walk(field, prefix+f.name+".")
				continue
			}
			variable := f.Tag.Get("env")
			if variable == "" || getenv(variable) == "" {
				continue
			}
			switch to := field.Addr().Interface().(type) {
			case *string:
				*to = getenv(variable)
			case *[]Key:
				keys, err := parseKeys(strings.Split(getenv(variable), ","))
				if err != nil {
					problems = append(problems, Problem{Field: prefix + f.name, What: fmt.Sprintf("%s: %v", variable, err)})
				}
				*to = keys
			case *[]Project:
				keys, err := parseKeys(strings.Split(getenv(variable), ","))
				if err != nil {
					problems = append(problems, Problem{Field: prefix + f.name, What: fmt.Sprintf("%s: %v", variable, err)})
				}
				*to = nil
				for _, k := range keys {
					*to = append(*to, Project{Key: k.Access, Secret: k.Secret})
				}
			}
		}
	}
	walk(reflect.ValueOf(c).Elem(), "")
	return problems
}

// readKeyFile adds the keys of the key file.
func (c *Config) readKeyFile() []Problem {
	if c.Access.KeyFile == "" {
		return nil
	}
	keys, err := ReadKeyFile(c.Access.KeyFile)
	if err != nil {
		return []Problem{{Field: "access.key_file", What: err.Error()}}
	}
	c.Access.Keys = append(c.Access.Keys, keys...)
	return nil
}

// ReadKeyFile reads one ACCESS:SECRET per line; empty lines and lines that
// start with # are skipped.
func ReadKeyFile(path string) ([]Key, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	keys, err := parseKeys(strings.Split(string(data), "\n"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

// ParseKey reads ACCESS:SECRET.
func ParseKey(text string) (Key, error) {
	access, secret, ok := strings.Cut(strings.TrimSpace(text), ":")
	if !ok || access == "" || secret == "" {
		return Key{}, errors.New("a key is written ACCESS:SECRET")
	}
	return Key{Access: access, Secret: secret}, nil
}

func parseKeys(entries []string) ([]Key, error) {
	var keys []Key
	for i, entry := range entries {
		entry = strings.TrimSpace(entry)
		if entry == "" || strings.HasPrefix(entry, "#") {
			continue
		}
		k, err := ParseKey(entry)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err) // never the entry itself: it is a secret
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// KeysFromEnvironment reads the keys that REDIAL_KEYS and the file named by
// REDIAL_KEY_FILE hold.
func KeysFromEnvironment(getenv func(string) string) ([]Key, error) {
	var c Config
	problems := append(c.applyEnvironment(getenv), c.readKeyFile()...)
	if len(problems) > 0 {
		return nil, fault.ConfigInvalid.Wrap(Problems(problems))
	}
	return c.Access.Keys, nil
}
