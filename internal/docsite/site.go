// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package docsite

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// Source is where links lead that leave docs/.
const Source = "https://github.com/redial-rtc/redial/blob/main/"

//go:embed assets
var assets embed.FS

var layout = template.Must(template.ParseFS(assets, "assets/page.html"))

// page is one page, read.
type page struct {
	name     string // as its source is called, such as faults/README.md
	title    string
	body     template.HTML
	sections []section
}

// section is what a search finds: a heading, with the text up to the next.
type section struct {
	id, heading string
	level       int
	text        strings.Builder
}

// Build makes the files of the site, by their path below its root. Pages are what
// ends in .md, by their path below docs/; anything else is taken as it is. README.md
// is the first page, and its lists are the menu. It fails when there is none.
func Build(sources map[string][]byte) (map[string][]byte, error) {
	files := map[string][]byte{}
	var pages []*page
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		if path.Ext(name) != ".md" {
			files[name] = sources[name]
			continue
		}
		p, err := read(name, sources)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		pages = append(pages, p)
	}
	first, ok := sources["README.md"]
	if !ok {
		return nil, fmt.Errorf("there is no README.md")
	}
	menu := newMenu(first, pages)
	var index []entry
	for _, p := range pages {
		out, err := p.render(menu)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		files[target(p.name)] = out
		index = append(index, p.entries()...)
	}
	var err error
	if files["search.json"], err = json.Marshal(index); err != nil {
		return nil, err
	}
	for _, name := range []string{"site.css", "search.js", "favicon.svg"} {
		if files[name], err = fs.ReadFile(assets, "assets/"+name); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// target is the file that a page becomes.
func target(name string) string {
	name = strings.TrimSuffix(name, ".md")
	if dir, base := path.Split(name); base == "README" {
		name = dir + "index"
	}
	return name + ".html"
}

// up leads from a page to the root of the site.
func up(name string) string { return strings.Repeat("../", strings.Count(name, "/")) }

// menu is what every page has at its side.
type menu []group

type group struct {
	Title string
	Items []item
}

type item struct {
	Title, name string
}

// newMenu takes the lists of the first page, and puts what they leave out at the end.
// Pages of a directory are reached by its first one.
func newMenu(first []byte, pages []*page) menu {
	var m menu
	seen := map[string]bool{"README.md": true}
	doc := parse(first)
	heading := ""
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			heading = plain(n, first)
		case *ast.ListItem:
			if link := firstLink(n); link != nil {
				name, _, _ := strings.Cut(string(link.Destination), "#")
				if seen[name] || !slices.ContainsFunc(pages, func(p *page) bool { return p.name == name }) {
					break
				}
				if len(m) == 0 || m[len(m)-1].Title != heading {
					m = append(m, group{Title: heading})
				}
				seen[name] = true
				g := &m[len(m)-1]
				g.Items = append(g.Items, item{plain(link, first), name})
			}
		}
		return ast.WalkContinue, nil
	})
	var more group
	for _, p := range pages {
		if !seen[p.name] && !strings.Contains(p.name, "/") {
			more.Items = append(more.Items, item{p.title, p.name})
		}
	}
	if more.Title = "More"; len(more.Items) > 0 {
		m = append(m, more)
	}
	return m
}

func firstLink(n ast.Node) (link *ast.Link) {
	_ = ast.Walk(n, func(n ast.Node, _ bool) (ast.WalkStatus, error) {
		if l, ok := n.(*ast.Link); ok {
			link = l
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil
	})
	return link
}

// render puts a page into the layout.
func (p *page) render(m menu) ([]byte, error) {
	type place struct {
		Title, Href string
		Here        bool
		Parts       []place
	}
	type shelf struct {
		Title string
		Items []place
	}
	root := up(p.name)
	var parts []place
	for _, s := range p.sections {
		if s.level == 2 && len(parts) < 40 {
			parts = append(parts, place{Title: s.heading, Href: "#" + s.id})
		}
	}
	var shelves []shelf
	for _, g := range m {
		s := shelf{Title: g.Title}
		for _, i := range g.Items {
			at := place{Title: i.Title, Href: root + target(i.name)}
			if dir := path.Dir(i.name); i.name == p.name || dir != "." && dir == path.Dir(p.name) {
				at.Here = true
				if i.name == p.name {
					at.Parts = parts
				}
			}
			s.Items = append(s.Items, at)
		}
		shelves = append(shelves, s)
	}
	var b bytes.Buffer
	err := layout.Execute(&b, map[string]any{
		"Title": p.title, "Root": root, "Menu": shelves, "Body": p.body, "Source": Source + "docs/" + p.name, "First": p.name == "README.md",
	})
	return b.Bytes(), err
}

// entry is a line of the search index: what the search page shows and looks through.
type entry struct {
	URL     string `json:"u"`
	Page    string `json:"p"`
	Heading string `json:"h,omitempty"`
	Text    string `json:"t"`
}

func (p *page) entries() []entry {
	var all []entry
	for i := range p.sections {
		s := &p.sections[i]
		e := entry{URL: target(p.name), Page: p.title, Text: strings.Join(strings.Fields(s.text.String()), " ")}
		if s.level > 1 {
			e.URL, e.Heading = e.URL+"#"+s.id, s.heading
		}
		all = append(all, e)
	}
	return all
}
