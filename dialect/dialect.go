// Package dialect words every fault in each vendor's vocabulary.
//
// A [Dialect] is a table keyed by (operation, fault). Projection is total: where
// a vendor has no word of its own, the table's fallback says what it would say.
// Nothing below this package knows a vendor's number or name.
package dialect

import "github.com/redial-rtc/redial/fault"

// Word is how a vendor words one fault in one operation.
type Word struct {
	Code     int    // the vendor's number; 0 where it has none
	Name     string // the vendor's name; "" where it has none
	Terminal bool   // as the vendor's documents define it
	CanRetry bool   // as the vendor's documents define it
}

// Dialect is one vendor's vocabulary.
type Dialect struct {
	Name string // how it is called in queries: "hms", "hms-ios", "opentok", "sceenic"
	rows []row
	base func(*fault.Kind) Word
}

type row struct {
	op   fault.Op // "" for every operation
	kind *fault.Kind
	word Word
}

// Speak words an occurrence: the row for its operation, else the row for any
// operation, else the vendor's documented fallback.
func (d *Dialect) Speak(e *fault.Error) Word { return d.Word(e.Op, e.Kind) }

// Word words a kind in an operation.
func (d *Dialect) Word(op fault.Op, k *fault.Kind) Word {
	var general *Word
	for i := range d.rows {
		r := &d.rows[i]
		if r.kind != k {
			continue
		}
		if r.op == op {
			return r.word
		}
		if r.op == "" {
			general = &r.word
		}
	}
	if general != nil {
		return *general
	}
	return d.base(k)
}
