// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

import "errors"

func confine([]string) error { return errors.New("only Linux has the filter for it") }
