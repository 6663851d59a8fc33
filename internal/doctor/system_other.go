// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package doctor

// Elsewhere the system is not asked.

func (h *here) kernel() {}

func maxFiles() uint64 { return 0 }

func synchronised() (yes, known bool) { return false, false }
