// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/redial-rtc/redial/fault"
)

const mostNearest = 6

// Nearest suggests what somebody may have meant by a word that does not exist:
// ids of faults, and codes and names of the dialects, the nearest first. It
// returns an empty list, never nil, when nothing is close.
func Nearest(word string, among []*Dialect) []string {
	type guess struct {
		word string
		cost int
	}
	low := strings.ToLower(word)
	asked, isNumber := number(word)
	limit := max(1, len([]rune(low))/3)
	var guesses []guess
	consider := func(w string) {
		lw := strings.ToLower(w)
		value, also := number(w)
		cost := 1000
		if abs(len(low)-len(lw)) <= 2*limit { // else no need to measure
			cost = 10 * distance(low, lw)
		}
		switch {
		case isNumber != also:
			return
		case isNumber:
			if cost > 10 {
				return
			}
			cost = min(9, abs(value-asked)) // of the numbers one digit away, the closest
		case len(low) >= 3 && strings.Contains(lw, low):
			cost = min(cost, 10*limit-1) // part of a word is near however long the word is
		}
		if cost <= 10*limit {
			guesses = append(guesses, guess{w, cost})
		}
	}
	if len(among) == len(All()) {
		for _, k := range fault.All() {
			consider(k.ID)
		}
	}
	for _, d := range among {
		for _, w := range d.Codes() {
			consider(w)
		}
	}
	slices.SortStableFunc(guesses, func(a, b guess) int { return cmp.Compare(a.cost, b.cost) })
	out := []string{}
	for _, g := range guesses {
		if !slices.Contains(out, g.word) && len(out) < mostNearest {
			out = append(out, g.word)
		}
	}
	return out
}

func number(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil
}

func abs(n int) int { return max(n, -n) }

// distance is the optimal string alignment distance: how many letters have to
// be added, left out, replaced or swapped with their neighbour.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := range x {
		row[0] = i + 1
		for j := range y {
			change := last[j]
			if x[i] != y[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
