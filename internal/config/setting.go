// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// Setting is one setting as its tags describe it.
type Setting struct {
	Name    string `json:"name"`          // dotted, such as "http.address"; "[]" marks the fields of a list's entries
	Type    string `json:"type"`          // in words
	Default string `json:"default"`       // in YAML
	Doc     string `json:"doc"`           //
	Env     string `json:"env,omitempty"` // environment variable that overrides it
	Secret  bool   `json:"secret,omitempty"`
	Section bool   `json:"section,omitempty"` // groups others and has no value of its own
}

// Settings lists every setting in the order of the struct.
func Settings() []Setting {
	var all []Setting
	var walk func(t reflect.Type, prefix string)
	walk = func(t reflect.Type, prefix string) {
		for f := range fieldsOf(t) {
			s := Setting{
				Name: prefix + f.name, Type: typeName(f.Type), Doc: f.Tag.Get("doc"),
				Default: f.Tag.Get("default"), Env: f.Tag.Get("env"), Secret: f.Tag.Get("secret") == "true",
				Section: f.Type.Kind() == reflect.Struct,
			}
			if s.Default == "" && !s.Section {
				s.Default = zeroOf(f.Type)
			}
			all = append(all, s)
			switch {
			case s.Section:
				walk(f.Type, s.Name+".")
			case isListOfStructs(f.Type):
				walk(f.Type.Elem(), s.Name+"[].")
			}
		}
	}
	walk(reflect.TypeFor[Config](), "")
	return all
}

// Default is the configuration of an empty file.
func Default() Config {
	var c Config
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		for f := range fieldsOf(v.Type()) {
			field := v.FieldByIndex(f.Index)
			if field.Kind() == reflect.Struct {
				fill(field)
				continue
			}
			text, ok := f.Tag.Lookup("default")
			if !ok {
				continue
			}
			if err := yaml.Unmarshal([]byte(text), field.Addr().Interface()); err != nil {
				// A tag that is not YAML of its field's type is a mistake in the
				// program text; a test looks at every one.
				panic(fmt.Sprintf("config: default of %s: %v", f.name, err))
			}
		}
	}
	fill(reflect.ValueOf(&c).Elem())
	return c
}

// field is a struct field under its name in the file.
type field struct {
	reflect.StructField
	name string
}

func fieldsOf(t reflect.Type) func(yield func(field) bool) {
	return func(yield func(field) bool) {
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if !yield(field{f, name}) {
				return
			}
		}
	}
}

func isListOfStructs(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct
}

func typeName(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "duration"
	case t.Kind() == reflect.Slice:
		if t.Elem().Kind() == reflect.String {
			return "list of text"
		}
		return "list"
	case t.Kind() == reflect.Struct:
		return "section"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.String:
		return "text"
	default:
		return "number"
	}
}

func zeroOf(t reflect.Type) string {
	switch typeName(t) {
	case "list of text", "list":
		return "[]"
	case "text":
		return `""`
	case "duration":
		return "0s"
	case "true or false":
		return "false"
	default:
		return "0"
	}
}
