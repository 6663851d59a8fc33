package api

// Patterns lists the API's own routes, for the test of the reference.
func Patterns() []string {
	var all []string
	for _, r := range (&API{}).routes() {
		all = append(all, r.Pattern)
	}
	return all
}
