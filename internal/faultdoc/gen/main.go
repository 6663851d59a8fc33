// Command gen writes everything that is derived from the catalogue of faults:
// the pages under docs/faults, the JSON export with its schema, and the data of
// the TypeScript module. It is run by "go generate ./fault".
package main

import (
	"fmt"
	"os"

	"github.com/redial-rtc/redial/internal/faultdoc"
)

func main() {
	root, err := faultdoc.Root(".")
	if err == nil {
		err = faultdoc.Write(root)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}
