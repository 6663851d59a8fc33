// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package faultdoc_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/faultdoc"
)

var update = flag.Bool("update", false, "accept what the code says as the expected files")

const root = "../.."

// TestDerivedFilesAreCurrent makes every derived file in memory and compares.
func TestDerivedFilesAreCurrent(t *testing.T) {
	wrong, err := faultdoc.Drift(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(wrong) > 0 {
		t.Errorf("run \"go generate ./fault\"; these files are not what the catalogue says:\n  %s", strings.Join(wrong, "\n  "))
	}
}

// TestDriftIsSeen: a changed, a missing and a left-over file are all found.
func TestDriftIsSeen(t *testing.T) {
	dir := t.TempDir()
	if err := faultdoc.Write(dir); err != nil {
		t.Fatal(err)
	}
	if wrong, err := faultdoc.Drift(dir); err != nil || len(wrong) > 0 {
		t.Fatalf("fresh files drift: %v, %v", wrong, err)
	}
	if err := os.WriteFile(dir+"/docs/faults/hms.md", []byte("edited"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(dir + "/web/faults/data.ts"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/docs/faults/room.gone.md", []byte("left over"), 0o644); err != nil {
		t.Fatal(err)
	}
	wrong, err := faultdoc.Drift(dir)
	want := []string{"docs/faults/hms.md", "docs/faults/room.gone.md", "web/faults/data.ts"}
	if err != nil || !slices.Equal(wrong, want) {
		t.Errorf("drift %v, %v; want %v", wrong, err, want)
	}
	if err := faultdoc.Write(dir); err != nil {
		t.Fatal(err)
	}
	if wrong, err := faultdoc.Drift(dir); err != nil || len(wrong) > 0 {
		t.Errorf("after writing again: %v, %v", wrong, err)
	}
}

// TestDerivedFilesSaySo: whoever opens a derived file reads that it is one, and
// how it is made again.
func TestDerivedFilesSaySo(t *testing.T) {
	for _, e := range editions(t) {
		for name, data := range e.files {
			head := data[:min(len(data), 300)]
			if !bytes.Contains(head, []byte("enerated by "+e.by)) {
				t.Errorf("%s does not say that it is generated: %s", name, head)
			}
		}
	}
}

// TestTheRepositoryKeepsWhatIsReadInIt: the pages of the faults and the export
// are made when they are wanted.
func TestTheRepositoryKeepsWhatIsReadInIt(t *testing.T) {
	files, err := faultdoc.Files()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"README.md"}
	for _, d := range dialect.All() {
		want = append(want, d.Name+".md")
	}
	var have []string
	for name := range files {
		if page, ok := strings.CutPrefix(name, "docs/faults/"); ok {
			have = append(have, page)
		}
	}
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(have, want) {
		t.Errorf("under docs/faults there are %v, want %v", have, want)
	}
	index := string(files["docs/faults/README.md"])
	for _, k := range fault.All() {
		if !strings.Contains(index, "| "+k.ID+" | "+k.Title+" |") {
			t.Errorf("the index lacks %s", k.ID)
		}
	}
}

// edition is a set of pages that belong together.
type edition struct {
	by    string
	dir   string
	files map[string][]byte
}

func editions(t *testing.T) []edition {
	t.Helper()
	kept, err := faultdoc.Files()
	if err != nil {
		t.Fatal(err)
	}
	exported, err := faultdoc.Exported()
	if err != nil {
		t.Fatal(err)
	}
	return []edition{{"go generate ./fault", "docs/faults/", kept}, {"redial faults -write", "", exported}}
}

// TestPagesLinkToPages: every link between the pages leads somewhere, to the
// heading as well, in the repository and in the export.
func TestPagesLinkToPages(t *testing.T) {
	link := regexp.MustCompile(`\]\(([a-zA-Z_.-]+\.(?:md|json))(?:#([a-z-]+))?\)`)
	for _, e := range editions(t) {
		seen := 0
		for name, data := range e.files {
			if !strings.HasSuffix(name, ".md") {
				continue
			}
			for _, m := range link.FindAllSubmatch(data, -1) {
				seen++
				to, ok := e.files[e.dir+string(m[1])]
				if !ok {
					t.Errorf("%s links to %s, which does not exist", name, m[1])
				}
				if head := string(m[2]); head != "" && !strings.Contains(strings.ToLower(string(to)), "\n## "+head+"\n") {
					t.Errorf("%s links to %s#%s, where there is no such heading", name, m[1], head)
				}
			}
		}
		if seen < len(fault.All()) {
			t.Errorf("%s: only %d links were found", e.by, seen)
		}
	}
}

// TestEveryFaultHasItsPage in the export, with all that is known of it.
func TestEveryFaultHasItsPage(t *testing.T) {
	files, err := faultdoc.Exported()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range fault.All() {
		page := string(files[k.ID+".md"])
		for _, part := range []string{k.Title, k.What, k.Why, k.Sign, k.Do, k.User, k.UserText("de"), k.Links[0]} {
			if !strings.Contains(page, part) {
				t.Errorf("the page of %s lacks %q", k.ID, part)
			}
		}
		for _, note := range dialect.Notes(k) {
			if !strings.Contains(page, note) {
				t.Errorf("the page of %s does not say %q", k.ID, note)
			}
		}
	}
}

// TestExportTouchesOnlyItsOwn: what an earlier export left is renewed or
// removed; a file that did not come from one is kept.
func TestExportTouchesOnlyItsOwn(t *testing.T) {
	dir := t.TempDir() + "/new/faults"
	n, err := faultdoc.Export(dir)
	if err != nil || n < len(fault.All()) {
		t.Fatalf("%d files, %v", n, err)
	}
	page, err := os.ReadFile(dir + "/room.full.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"room.gone.md": page, "notes.md": []byte("mine"), "room.full.md": append(slices.Clone(page), "old"...)} {
		if err := os.WriteFile(dir+"/"+name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := faultdoc.Export(dir); err != nil {
		t.Fatal(err)
	}
	if again, _ := os.ReadFile(dir + "/room.full.md"); !bytes.Equal(again, page) {
		t.Error("a page of an earlier export was not renewed")
	}
	if _, err := os.Stat(dir + "/room.gone.md"); err == nil {
		t.Error("a page that is no longer made was left")
	}
	if mine, _ := os.ReadFile(dir + "/notes.md"); string(mine) != "mine" {
		t.Errorf("somebody's file now holds %q", mine)
	}

	other := t.TempDir()
	if err := os.WriteFile(other+"/README.md", []byte("a project"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := faultdoc.Export(other); err == nil || !strings.Contains(err.Error(), "README.md") {
		t.Errorf("over somebody's README: %v", err)
	}
	if left, _ := os.ReadDir(other); len(left) != 1 {
		t.Errorf("a refused export wrote %d files", len(left)-1)
	}
}

// TestMigration: whoever knows an OT_ name reads off what the others say.
func TestMigration(t *testing.T) {
	files, err := faultdoc.Files()
	if err != nil {
		t.Fatal(err)
	}
	page := string(files["docs/faults/opentok.md"])
	for _, word := range dialect.OpenTok.Codes() {
		if !strings.Contains(page, word) {
			t.Errorf("the page of OpenTok lacks %s", word)
		}
	}
	for _, want := range []string{
		"| 1553 `OT_ICE_WORKFLOW_FAILED` | Session.publish() | [ice.failed](README.md#transport) | O013 O065 | 4005 `ICEFailure` | 4005 `iceFailure` | 901 `genericConnectionError`* | (999 `GENERIC_ERROR_CODE`) |",
		"| 1500 `OT_NO_DEVICES_FOUND` | Session.publish(), OT.initPublisher() | [device.not_found](README.md#device)* | O071 O039 | 3002 `DeviceNotAvailable` | 3001 `cantAccessCaptureDevice`* | (-1 `unknownError`) | (999 `GENERIC_ERROR_CODE`) |",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of OpenTok lacks the line\n%s", want)
		}
	}
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "| ") && strings.Count(line, "|") != 9 {
			t.Errorf("a line with %d bars: %s", strings.Count(line, "|"), line)
		}
	}
}

// TestExplainEveryEntry asks for every entry of the five error documents, as a
// developer would who met it: by its code and by its name, in its method.
func TestExplainEveryEntry(t *testing.T) {
	var got strings.Builder
	for _, r := range entries(t) {
		row, speaker, method := r[0], r[2], r[3]
		texts := []string{r[4], r[5]}
		if r[4] == "" && r[5] == "" {
			texts = []string{r[6]}
		}
		for _, text := range texts {
			if text == "" || text == "n/a" {
				continue
			}
			d := dialect.ByName(speaker)
			query := d.Name + ":" + text
			if method != "" && method != "general" {
				query = d.Name + ":" + method + ":" + text
			}
			a, err := dialect.Explain(query)
			if err != nil || len(a.Matches) == 0 {
				t.Errorf("%s: %q: %v", row, query, err)
				continue
			}
			if !a.Matches[0].Documented() {
				t.Errorf("%s: %q leads to %s, which no document describes", row, query, a.Matches[0].Kind.ID)
			}
			var said bytes.Buffer
			faultdoc.Printer{W: &said}.Answer(a)
			var documented, chosen []string
			for _, m := range a.Matches {
				if !m.Documented() {
					chosen = append(chosen, m.Kind.ID)
					continue
				}
				documented = append(documented, m.Kind.ID)
				// What is documented is told in detail, unless the word is a type of event.
				if speaker != "100ms-events" && !contains(said.String(), m.Kind.Do) {
					t.Errorf("%s: the answer to %q does not say what to do about %s", row, query, m.Kind.ID)
				}
			}
			fmt.Fprintf(&got, "%-5s %s\n      %s\n", row, query, strings.Join(documented, " "))
			if len(chosen) > 0 && speaker != "100ms-events" {
				fmt.Fprintf(&got, "      by our choice also %s\n", strings.Join(chosen, " "))
			}
			for line := range strings.Lines(said.String()) {
				if n := len([]rune(strings.TrimRight(line, "\n"))); n > 120 {
					t.Errorf("%s: a line of the answer to %q has %d columns", row, query, n)
				}
			}
		}
	}
	golden(t, "testdata/entries.txt", got.String())
}

// TestTexts keeps whole answers for some queries of each kind.
func TestTexts(t *testing.T) {
	for name, query := range map[string]string{
		"id":          "room.full",
		"code":        "4005",
		"name":        "OT_ICE_WORKFLOW_FAILED",
		"dialect":     "sceenic:106",
		"method":      "opentok:publish:1500",
		"web":         "NotReadableError",
		"status":      "hms:421",
		"disagreeing": "3008",
		"four":        "4002",
	} {
		a, err := dialect.Explain(query)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		faultdoc.Printer{W: &b}.Answer(a)
		golden(t, "testdata/text-"+name+".txt", "> redial explain "+query+"\n\n"+b.String())
	}
}

// TestEventTypes: a type of event stands for everything in its operation, and
// the answer says where to look next.
func TestEventTypes(t *testing.T) {
	a, err := dialect.Explain("client.join.failed")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	faultdoc.Printer{W: &b}.Answer(a)
	for _, want := range []string{"error_code and error_name tell which", "room.full", "server.internal"} {
		if !contains(b.String(), want) {
			t.Errorf("the answer lacks %q:\n%s", want, b.String())
		}
	}
}

func TestPrinterInGermanAndBold(t *testing.T) {
	var b bytes.Buffer
	faultdoc.Printer{W: &b, Bold: true, Lang: "de", Width: 40}.Kind(fault.RoomFull)
	if !strings.Contains(b.String(), "\x1b[1mroom.full\x1b[0m") {
		t.Error("nothing is bold")
	}
	if !contains(b.String(), fault.RoomFull.UserText("de")) {
		t.Errorf("the user's text is not German:\n%s", b.String())
	}
}

// TestEveryFaultIsToldInGerman prints every story: no text of it is English.
func TestEveryFaultIsToldInGerman(t *testing.T) {
	english := regexp.MustCompile(`(?m)^(What |Why|How to|In short|In each|Beware|Related|Defined in)|^  (Area|Ends the|Trying|Can |See also|HTTP status)|(yes: the app|does not help|can help|needs a new)|englisch`)
	for _, k := range fault.All() {
		var b bytes.Buffer
		faultdoc.Printer{W: &b, Lang: "de-AT", Width: 10000}.Kind(k)
		_, short, _ := strings.Cut(b.String(), "Kurz gesagt")
		short, _, _ = strings.Cut(short, "In jedem Vokabular")
		headings := regexp.MustCompile(`(?m)^\S.*$`).FindAllString(b.String(), -1)
		if word := english.FindString(strings.Join(headings, "\n") + short); word != "" {
			t.Errorf("%s: %q is English:\n%s", k.ID, word, b.String())
		}
		prose := k.ProseIn("de")
		for _, want := range slices.Concat([]string{k.ID + "  " + k.TitleIn("de"), k.UserText("de"), prose.What, prose.Why, prose.Sign, prose.Do},
			dialect.NotesIn(k, "de")) {
			if !strings.Contains(b.String(), want+"\n") {
				t.Errorf("%s: no %q in\n%s", k.ID, want, b.String())
			}
		}
		for _, text := range slices.Concat([]string{k.What, k.Why, k.Sign, k.Do}, dialect.Notes(k)) {
			if strings.Contains(b.String(), text) {
				t.Errorf("%s: %q is English", k.ID, text)
			}
		}
		if k.TitleIn("de") == k.Title {
			t.Errorf("%s: the title is not translated", k.ID)
		}
	}
}

// TestEveryAnswerIsGerman asks for one word, several conditions, an event type and
// words that stand for want of others: nothing around the names is English.
func TestEveryAnswerIsGerman(t *testing.T) {
	english := regexp.MustCompile(`\b(the|of|is|for|and|would|stands|which|word|condition)\b`)
	for _, query := range []string{"4005", "1500", "client.join.failed", "client.disconnected", "openvidu:999", "901", "hms:500", "hms:1003", "web:1006", "NotReadableError"} {
		a, err := dialect.Explain(query)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		faultdoc.Printer{W: &b, Lang: "de", Width: 10000}.Answer(a)
		for _, line := range strings.Split(b.String(), "\n") {
			if word := english.FindString(line); word != "" {
				t.Errorf("%s: %q in %q", query, word, line)
			}
		}
	}
}

// TestExportKeepsItsSchema checks the JSON export against its own schema, and
// that the schema does refuse something.
func TestExportKeepsItsSchema(t *testing.T) {
	files, err := faultdoc.Exported()
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(files["faults.schema.json"], &schema); err != nil {
		t.Fatal(err)
	}
	read := func() map[string]any {
		var export map[string]any
		if err := json.Unmarshal(files["faults.json"], &export); err != nil {
			t.Fatal(err)
		}
		return export
	}
	if errs := validate(schema, schema, read(), "$"); len(errs) > 0 {
		t.Errorf("the export breaks its schema:\n%s", strings.Join(errs[:min(len(errs), 10)], "\n"))
	}
	first := func(x map[string]any) map[string]any { return x["faults"].([]any)[0].(map[string]any) }
	for name, spoil := range map[string]func(map[string]any){
		"a missing field":      func(x map[string]any) { delete(first(x), "why") },
		"an empty text":        func(x map[string]any) { first(x)["why"] = "" },
		"an unknown field":     func(x map[string]any) { first(x)["because"] = "x" },
		"an unknown area":      func(x map[string]any) { first(x)["area"] = "kitchen" },
		"a wrong type":         func(x map[string]any) { first(x)["is_terminal"] = "yes" },
		"a bad id":             func(x map[string]any) { first(x)["id"] = "Room Full" },
		"a language too few":   func(x map[string]any) { delete(first(x)["user"].(map[string]any), "de") },
		"a status that is not": func(x map[string]any) { first(x)["http_status"] = 200.0 },
		"no words":             func(x map[string]any) { first(x)["words"] = []any{} },
	} {
		x := read()
		spoil(x)
		if len(validate(schema, schema, x, "$")) == 0 {
			t.Errorf("the schema accepts %s", name)
		}
	}
}

func TestConstantNamesAreUnique(t *testing.T) {
	seen := map[string]string{}
	for _, k := range fault.All() {
		n := faultdoc.ConstantName(k.ID)
		if other, taken := seen[n]; taken {
			t.Errorf("%s and %s share the constant %s", k.ID, other, n)
		}
		seen[n] = k.ID
		if !regexp.MustCompile(`^[A-Z][A-Za-z]+$`).MatchString(n) {
			t.Errorf("%s has the constant %s", k.ID, n)
		}
	}
}

func BenchmarkExplain(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		a, err := dialect.Explain("opentok:publish:1500")
		if err != nil || len(a.Matches) == 0 {
			b.Fatal(err)
		}
	}
}

func entries(t *testing.T) [][]string {
	t.Helper()
	data, err := os.ReadFile(root + "/dialect/testdata/errors.csv")
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil || len(records) != 195 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	return records[1:]
}

// contains finds text that may have been broken over lines.
func contains(said, text string) bool {
	return strings.Contains(strings.Join(strings.Fields(said), " "), strings.Join(strings.Fields(text), " "))
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run the test with -update and read the difference.\ngot:\n%s", path, got)
	}
}
