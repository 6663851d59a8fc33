// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package body reads the bodies of requests, whole and bounded. Every door of HTTP reads them
// here, so that each says alike what was wrong: too long, too slow, broken off, not text.
package body

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/text"
)

// Read reads a whole body of at most so many bytes. It fails with fault.BodyTooLarge, with
// fault.BodyTimeout when the body did not come within limits.body_timeout, with
// fault.BodyInvalid when it broke off, and with the error of the request's context when that
// has ended.
func Read(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	if r.ContentLength > most {
		return nil, fault.BodyTooLarge.New("max_bytes", most, "bytes", r.ContentLength)
	}
	raw, err := readAll(http.MaxBytesReader(w, r.Body, most), r.ContentLength)
	if err == nil {
		return raw, nil
	}
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return nil, fault.BodyTooLarge.New("max_bytes", most)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, fault.BodyTimeout.Wrap(err, "limit", "limits.body_timeout", "bytes", len(raw))
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return nil, fault.BodyInvalid.Wrap(err, "reason", "the body did not arrive whole")
}

// ReadText is Read of what must be UTF-8, as JSON must (RFC 8259, section 8.1). It fails as
// Read and WantUTF8 do.
func ReadText(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	raw, err := Read(w, r, most)
	if err == nil {
		err = WantUTF8(raw)
	}
	return raw, err
}

// WantUTF8 fails with fault.BodyInvalid, which says where a text is not UTF-8.
func WantUTF8(raw []byte) error {
	at, field := text.NotUTF8(raw)
	switch {
	case at < 0:
		return nil
	case field == "":
		return fault.BodyInvalid.New("reason", notUTF8, "offset", at)
	}
	return fault.BodyInvalid.New("field", field, "reason", notUTF8, "offset", at)
}

const notUTF8 = "not UTF-8"

// believed is up to how many bytes there is room for a body of which nothing has come, since it
// says how long it is. Once they have come it is believed the rest.
const believed = 16 << 10

// readAll reads all of what says that it is so long, -1 where it does not say.
func readAll(r io.Reader, long int64) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(min(max(long, 0), believed)) + bytes.MinRead) // which is never used, and without which it would grow
	if long > believed {
		n, err := b.ReadFrom(io.LimitReader(r, believed))
		if err != nil || n < believed {
			return b.Bytes(), err
		}
		b.Grow(int(long-believed) + bytes.MinRead)
	}
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}
