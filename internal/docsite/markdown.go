// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package docsite

import (
	"bytes"
	"fmt"
	"html/template"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// markdown reads GitHub's Markdown. HTML in a page is left out, but for anchors.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)), extension.Strikethrough, extension.Linkify),
	goldmark.WithParserOptions(parser.WithAutoHeadingID()),
)

// anchor is HTML that pages may have: a place to link to that is no heading.
var anchor = regexp.MustCompile(`^<a id="[a-z0-9-]+">$`)

func parse(source []byte) ast.Node {
	return markdown.Parser().Parse(text.NewReader(source), parser.WithContext(parser.NewContext(parser.WithIDs(&slugs{seen: map[string]int{}}))))
}

// slugs names headings as GitHub does: letters, digits, hyphens and underscores of the
// heading in lower case, blanks as hyphens, and a number behind what is there already.
type slugs struct{ seen map[string]int }

// Generate implements parser.IDs.
func (s *slugs) Generate(value []byte, _ ast.NodeKind) []byte {
	id := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, string(bytes.TrimSpace(value)))
	n := s.seen[id]
	s.seen[id]++
	if n > 0 {
		id += "-" + strconv.Itoa(n)
	}
	return []byte(id)
}

// Put implements parser.IDs.
func (s *slugs) Put(value []byte) { s.seen[string(value)]++ }

// read reads a page: its links are led to the files of the site, and its text is kept
// for the search.
func read(name string, sources map[string][]byte) (*page, error) {
	source := sources[name]
	p := &page{name: name}
	doc := parse(source)
	places := map[ast.Node]ast.Node{}
	err := ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			words := plain(n, source)
			if p.title == "" {
				p.title = words
			}
			id, _ := n.AttributeString("id")
			p.sections = append(p.sections, section{id: fmt.Sprintf("%s", id), heading: words, level: n.Level})
			return ast.WalkSkipChildren, relink(n, name, sources)
		case *ast.Link:
			n.Destination = []byte(lead(name, string(n.Destination), sources))
		case *ast.Image:
			n.Destination = []byte(lead(name, string(n.Destination), sources))
		case *ast.RawHTML:
			if raw := n.Segments.Value(source); anchor.Match(raw) {
				place := ast.NewString(append(raw, "</a>"...))
				place.SetCode(true) // written as it is
				places[n] = place
			}
		case *ast.Text:
			p.say(n.Segment.Value(source))
			if n.SoftLineBreak() || n.HardLineBreak() {
				p.say([]byte(" "))
			}
		case *ast.String:
			p.say(n.Value)
		case *ast.CodeBlock, *ast.FencedCodeBlock:
			for i := range n.Lines().Len() {
				line := n.Lines().At(i)
				p.say(line.Value(source))
			}
		}
		if n.Type() == ast.TypeBlock {
			p.say([]byte(" "))
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return nil, err
	}
	for raw, place := range places {
		raw.Parent().ReplaceChild(raw.Parent(), raw, place)
	}
	if p.title == "" {
		return nil, fmt.Errorf("the page has no heading")
	}
	var out bytes.Buffer
	if err := markdown.Renderer().Render(&out, source, doc); err != nil {
		return nil, err
	}
	p.body = template.HTML(out.String())
	return p, nil
}

// say keeps text of the section that was begun last.
func (p *page) say(b []byte) {
	if len(p.sections) > 0 {
		p.sections[len(p.sections)-1].text.Write(b)
	}
}

// relink leads the links below a node.
func relink(n ast.Node, name string, sources map[string][]byte) error {
	return ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if l, ok := n.(*ast.Link); ok && entering {
			l.Destination = []byte(lead(name, string(l.Destination), sources))
		}
		return ast.WalkContinue, nil
	})
}

// lead is where a link of a page leads on the site.
func lead(from, to string, sources map[string][]byte) string {
	if to == "" || strings.HasPrefix(to, "#") || strings.HasPrefix(to, "/") || strings.Contains(to, ":") {
		return to
	}
	file, fragment, marked := strings.Cut(to, "#")
	if marked {
		fragment = "#" + fragment
	}
	at := path.Join(path.Dir(from), file)
	if _, ours := sources[at]; !ours {
		if at == "README.md" || strings.HasPrefix(at, "../") {
			return Source + strings.TrimPrefix(at, "../") + fragment
		}
		return Source + path.Join("docs", at) + fragment
	}
	if path.Ext(at) == ".md" {
		at = target(at)
	}
	return up(from) + at + fragment
}

// plain is the text below a node.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			b.Write(t.Segment.Value(source))
			if t.SoftLineBreak() {
				b.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}
