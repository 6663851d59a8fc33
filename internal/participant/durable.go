// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

// WhenWritten runs f in the participant's goroutine once everything that has
// been changed so far is on the disk, without holding the participant up
// meanwhile: with fault.StoreUnavailable when the disk cannot be written, and
// with nil at once on servers that keep nothing.
func (p *Participant) WhenWritten(f func(error)) {
	if p.s.cfg.Written == nil {
		f(nil)
		return
	}
	go func() {
		err := p.s.cfg.Written(p.ctx)
		p.Post(func() { f(err) })
	}()
}
