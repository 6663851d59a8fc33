//go:build !linux

package main

import "errors"

func confine([]string) error { return errors.New("only Linux has the filter for it") }
