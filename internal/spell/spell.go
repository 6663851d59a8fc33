// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package spell finds the word somebody probably meant.
package spell

import "strings"

// Nearest returns the word of known that is closest to word, or "" when none
// is close enough to be worth suggesting: at most one edit in three letters.
// An edit is a letter added, left out, replaced, or swapped with its neighbour.
func Nearest(word string, known []string) string {
	best, bestCost := "", max(1, len(word)/3)+1
	low := strings.ToLower(word)
	for _, k := range known {
		lowK := strings.ToLower(k)
		cost := distance(low, lowK)
		if cost >= bestCost && len(low) >= 3 && strings.HasPrefix(lowK, low) {
			cost = bestCost - 1 // an abbreviation is a near miss however long the word
		}
		if cost < bestCost {
			best, bestCost = k, cost
		}
	}
	return best
}

// distance is the optimal string alignment distance of a and b.
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
