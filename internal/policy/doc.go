// Package policy says what each role of a room may do: what it publishes and
// at which quality, whose media it receives, and whom it may moderate.
//
// A [Template] is a set of roles that rooms share. Everything here is plain
// data, with the JSON names of the wire, and pure functions over it. Enforcing
// a permission is the business of whoever serves the call.
package policy
