// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// hidden stands for a secret that has been set.
const hidden = "(hidden)"

// Render writes c as an annotated YAML file in which secrets are hidden. For
// the defaults, the result is a file to start from: loading it changes nothing.
func Render(w io.Writer, c Config) error {
	var b strings.Builder
	b.WriteString("# Redial's settings. A setting that is left out keeps its default, an unknown\n" +
		"# one is refused. Check a file with: redial config -check FILE\n")
	renderSection(&b, reflect.ValueOf(c), "")
	_, err := io.WriteString(w, b.String())
	return err
}

func renderSection(b *strings.Builder, v reflect.Value, indent string) {
	for f := range fieldsOf(v.Type()) {
		value := v.FieldByIndex(f.Index)
		doc := f.Tag.Get("doc")
		if d, ok := f.Tag.Lookup("default"); ok && !strings.Contains(d, "\n") && value.Kind() != reflect.Bool {
			if now := scalar(value, false); now != d && now != strconv.Quote(d) {
				doc += " Default: " + d + "."
			}
		}
		if env := f.Tag.Get("env"); env != "" {
			doc += " Environment: " + env + "."
		}
		if value.Kind() == reflect.Struct {
			b.WriteString("\n")
		}
		for _, line := range wrap(doc, 78-len(indent)) {
			fmt.Fprintf(b, "%s# %s\n", indent, line)
		}
		secret := f.Tag.Get("secret") == "true"
		switch {
		case value.Kind() == reflect.Struct:
			fmt.Fprintf(b, "%s%s:\n", indent, f.name)
			renderSection(b, value, indent+"  ")
		case isListOfStructs(value.Type()):
			renderList(b, f.name, value, indent)
		default:
			fmt.Fprintf(b, "%s%s: %s\n", indent, f.name, scalar(value, secret))
		}
	}
}

// renderList writes a list of structs; an empty one shows, commented out, what
// an entry looks like.
func renderList(b *strings.Builder, name string, list reflect.Value, indent string) {
	entry := func(v reflect.Value, prefix string) {
		mark := "- "
		for f := range fieldsOf(v.Type()) {
			fmt.Fprintf(b, "%s%s  %s%s: %s\n", indent, prefix, mark, f.name, scalar(v.FieldByIndex(f.Index), f.Tag.Get("secret") == "true"))
			mark = "  "
		}
	}
	if list.Len() == 0 {
		fmt.Fprintf(b, "%s%s: []\n", indent, name)
		entry(reflect.Zero(list.Type().Elem()), "#")
		return
	}
	fmt.Fprintf(b, "%s%s:\n", indent, name)
	for i := range list.Len() {
		entry(list.Index(i), "")
	}
}

// scalar writes a value in YAML.
func scalar(v reflect.Value, secret bool) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		return formatDuration(x)
	case string:
		if secret && x != "" {
			return strconv.Quote(hidden)
		}
		return strconv.Quote(x)
	case []string:
		quoted := make([]string, len(x))
		for i, s := range x {
			if secret {
				s = hidden
			}
			quoted[i] = strconv.Quote(s)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	default:
		return fmt.Sprint(x)
	}
}

// formatDuration writes 720h rather than 720h0m0s and 75s rather than 1m15s.
func formatDuration(d time.Duration) string {
	if d < 2*time.Minute && d%time.Second == 0 {
		return fmt.Sprintf("%ds", d/time.Second)
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// wrap breaks text into lines of at most width bytes.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// Markdown writes docs/configuration.md.
func Markdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString(`# Configuration

<!-- Generated from internal/config by its test; run "go test ./internal/config -update" after a change. -->

` + "`redial serve -config redial.yaml`" + ` reads one YAML file. A setting that is left out keeps its default; an
unknown one is refused with its line and the name that was probably meant.

- ` + "`redial config > redial.yaml`" + ` writes a file to start from, with every setting explained.
- ` + "`redial config -check redial.yaml`" + ` says what is wrong with a file, all at once.
- ` + "`redial config -show redial.yaml`" + ` prints the settings in force, secrets hidden.
- ` + "`redial dev`" + ` needs no file.

Durations are written with a unit (` + "`30s`, `5m`, `720h`" + `), sizes in bytes. File names are relative to the working
directory.
`)
	var env []Setting
	for _, s := range Settings() {
		if s.Env != "" {
			env = append(env, s)
		}
		if s.Section {
			fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| setting | type | default | meaning |\n|---|---|---|---|\n", s.Name, s.Doc)
			continue
		}
		fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s |\n", s.Name, s.Type, s.Default, strings.ReplaceAll(s.Doc, "|", `\|`))
	}
	b.WriteString("\n## Environment\n\nSecrets need not be in the file. A variable that is set wins over it.\n\n| variable | setting |\n|---|---|\n")
	for _, s := range env {
		fmt.Fprintf(&b, "| `%s` | `%s` |\n", s.Env, s.Name)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
