// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

// TestAPartWithinAWordIsFoundAmongFewWordsAndMany looks for parts of names without a
// time: among a handful of different words, which are looked through, and among more
// than are, where names are. What is found is the same.
func TestAPartWithinAWordIsFoundAmongFewWordsAndMany(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 29, 14, 0, 0, 0, time.UTC)
	s := open(t, t.TempDir()).(*Store)
	batch := []event.Event{
		someone("Jeremias Okafor", "u-1", "one", "r", at),
		someone("Anna Okafor", "u-2", "two", "r", at.Add(time.Minute)),
		someone("Jeremias Lang", "u-3", "three", "r", at.Add(2*time.Minute)),
	}
	for i := range 1200 { // more than are looked up
		batch = append(batch, someone(fmt.Sprintf("Theodora %d", i%7), fmt.Sprintf("t-%d", i), fmt.Sprintf("t-%d", i), "r", at.Add(time.Duration(i)*time.Second)))
	}
	eventtest.Add(t, s, batch...)
	check := func(t *testing.T) {
		t.Helper()
		for name, want := range map[string]string{
			"emia":        "three one",
			"emia kafo":   "one",
			"kafo emia":   "one",
			"kafo":        "two one",
			"emia nobody": "",
			"nobody":      "",
		} {
			if found := search(t, s, event.PeopleQuery{Name: name, Newest: true}); peers(found.Attempts) != want || found.More {
				t.Errorf("%s: %s (more: %v), want %s", name, peers(found.Attempts), found.More, want)
			}
		}
		found := search(t, s, event.PeopleQuery{Name: "eodor", Newest: true, Limit: 2})
		if peers(found.Attempts) != "t-1199 t-1198" || !found.More || found.People != 1000 {
			t.Errorf("of many: %s of %d people (more: %v)", peers(found.Attempts), found.People, found.More)
		}
	}
	t.Run("few words", check)

	eventtest.Add(t, s, ofManyWords(21_000, at.Add(-time.Hour))...)
	t.Run("many words", check)
	var words int
	if err := ask(t.Context(), s, "SELECT count(DISTINCT word) FROM people_words", &words); err != nil || words <= 20_000 {
		t.Errorf("%d words, %v: not many", words, err)
	}
}

// ofManyWords are failures of people whose names have so many different words.
func ofManyWords(n int, at time.Time) (list []event.Event) {
	for i := 0; i < n; i += 8 {
		var words []string
		for w := range 8 {
			words = append(words, fmt.Sprintf("word%d", i+w))
		}
		list = append(list, someone(strings.Join(words, " "), fmt.Sprintf("w-%d", i), fmt.Sprintf("w-%d", i), "elsewhere", at))
	}
	return list
}

// BenchmarkAPartOfNobodysName looks through as many different words as are looked
// through, and through all names where there are more.
func BenchmarkAPartOfNobodysName(b *testing.B) {
	for _, words := range []int{200, 20_000 - 8, 20_000 + 8} {
		b.Run(fmt.Sprintf("words=%d", words), func(b *testing.B) {
			s := open(b, b.TempDir()).(*Store)
			eventtest.Add(b, s, ofManyWords(words, time.Now().Add(-time.Hour))...)
			b.ReportAllocs()
			for b.Loop() {
				if found := search(b, s, event.PeopleQuery{Name: "nobody"}); len(found.Attempts) > 0 {
					b.Fatal(peers(found.Attempts))
				}
			}
		})
	}
}
