// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// What is counted of the people who have a word.
const (
	maxGroup  = 20_000 // whom attempts are compared with; of more, names are
	maxOfWord = 50_000 // whose names are compared with other words
)

// group is the people who have words, each as the beginning of one of theirs. The zero
// group is anybody.
type group struct {
	words []string
	query string   // for the numbers of those who have some of the words; "" for anybody
	args  []any    // of the query
	rest  []string // words that the query does not look for, as many have them
	n     int64    // how many the group are, as far as it is more than maxPeople
}

// withWords is the group of who has all words.
func (s *search) withWords(ctx context.Context) (g group, err error) {
	if g, err = s.group(ctx, maxGroup); err != nil || g.query != "" || len(s.words) == 1 {
		return g, err
	}
	// Many have each of the words, and perhaps few have all.
	if g, err = s.group(ctx, maxOfWord); g.n > maxPeople {
		g.query = ""
	}
	return g, err
}

// group is the group of who has all words, by a query for those that at most so many have.
func (s *search) group(ctx context.Context, most int) (group, error) {
	type counted struct {
		word string
		n    int64
	}
	var few []counted
	g := group{words: s.words, n: maxPeople + 1}
	for _, w := range s.words {
		n, _, err := s.c.Lookup(ctx, "SELECT count(*) FROM (SELECT 1 FROM people_words WHERE account = ? AND word >= ? AND word < ? LIMIT ?)", s.account, w, w+suffixOfAll, most+1)
		if err != nil {
			return g, err
		}
		if n > int64(most) {
			g.rest = append(g.rest, w)
		} else {
			few = append(few, counted{w, n})
		}
	}
	if len(few) == 0 {
		return g, nil
	}
	slices.SortStableFunc(few, func(a, b counted) int { return cmp.Compare(a.n, b.n) })
	and := ""
	for _, w := range few {
		g.query += and + "SELECT person FROM people_words WHERE account = ? AND word >= ? AND word < ?"
		g.args = append(g.args, s.account, w.word, w.word+suffixOfAll)
		and = " AND person IN ("
	}
	g.query += strings.Repeat(")", len(few)-1)
	g.n = few[0].n
	has, of := g.has("p.id")
	for _, narrow := range []struct {
		query string
		args  []any
	}{{g.query, g.args}, {"SELECT 1 FROM people p WHERE true" + has, of}} {
		if g.n <= maxPeople || len(s.words) == 1 {
			break
		}
		var err error
		if g.n, _, err = s.c.Lookup(ctx, "SELECT count(*) FROM ("+narrow.query+" LIMIT ?)", append(slices.Clone(narrow.args), maxPeople+1)...); err != nil {
			return g, err
		}
	}
	return g, nil
}

// has is a condition that those meet who are of the group, by a column of their number, and
// people p whose names have its words anywhere.
func (g *group) has(person string) (condition string, args []any) {
	words := g.words
	if g.query != "" {
		condition, args, words = " AND "+person+" IN ("+g.query+")", slices.Clone(g.args), g.rest
	}
	for _, w := range words {
		condition, args = condition+" AND instr(p.folded, ?) > 0", append(args, w)
	}
	return condition, args
}
