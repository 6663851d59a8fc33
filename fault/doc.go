// Package fault is the catalogue of everything that can go wrong in a call.
//
// A [Kind] is one condition, declared once as data beside its prose; an [Error]
// is one occurrence of it. Kinds never carry a vendor's number: package dialect
// words them for each vendor. Ids are stable and never reused.
//
// Functions return plain errors made with [Kind.New] or [Kind.Wrap]. Callers
// match with errors.Is(err, fault.RoomFull) and inspect with errors.As. The one
// exit of each transport calls [From], which names the operation and turns
// anything unknown into [Internal].
package fault
