package policy

// Default is the template of rooms that name none: a host who may do
// everything, a guest who takes part, a viewer who watches.
func Default() Template {
	return Template{Name: "default", Default: true}
}
