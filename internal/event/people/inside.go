// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// insideWords finds the attempts of people within whose words those of the query are,
// where nobody has words that begin so. No index leads there. Many people share few
// words, though, so the different words are looked through, and names only where there
// are too many of them.
func (s *search) insideWords(ctx context.Context) error {
	longest := slices.MaxFunc(s.words, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	words, all, err := s.wordsWith(ctx, longest)
	if err != nil {
		return err
	}
	if all {
		list, err := json.Marshal(words)
		if err != nil {
			return err
		}
		const who = "SELECT person FROM people_words WHERE account = ? AND word IN (SELECT value FROM json_each(?))"
		n, _, err := s.c.Lookup(ctx, "SELECT count(*) FROM ("+who+" LIMIT ?)", s.account, string(list), maxGroup+1)
		if err != nil {
			return err
		}
		if n <= maxGroup {
			return s.ofPeople(ctx, event.MatchInside, "SELECT id, folded, attempts FROM people WHERE id IN ("+who+") ORDER BY last DESC", s.account, string(list))
		}
	}
	return s.ofPeople(ctx, event.MatchInside, `SELECT id, folded, attempts FROM (SELECT id, folded, attempts FROM people INDEXED BY people_last WHERE account = ? ORDER BY last DESC LIMIT ?)
		WHERE instr(folded, ?) > 0 LIMIT ?`, s.account, maxInside, longest, maxPeople)
}

// wordsWith are the words that have a part, and whether all words were looked at. The
// index is gone through from one word to the next, past the people who have it.
func (s *search) wordsWith(ctx context.Context, part string) (words []string, all bool, err error) {
	err = s.c.Each(ctx, `WITH RECURSIVE w(word, n) AS (
		SELECT (SELECT min(word) FROM people_words WHERE account = ?1), 1
		UNION ALL SELECT (SELECT min(word) FROM people_words WHERE account = ?1 AND word > w.word), n + 1 FROM w WHERE word IS NOT NULL AND n < ?2)
		SELECT coalesce(word, '') FROM w WHERE word IS NULL OR instr(word, ?3) > 0`, func(row eventlog.Scanner) error {
		var word string
		if err := row.Scan(&word); err != nil {
			return err
		}
		if all = word == ""; !all {
			words = append(words, word)
		}
		return nil
	}, s.account, maxDistinct, part)
	return words, all, err
}
