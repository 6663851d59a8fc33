// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"encoding/json"
	"strconv"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/room"
)

const (
	maxSide      = 16_384 // pixels of a picture's side that is believed
	maxFrameRate = 240    // frames a second
)

// dimensions words the size of a picture as clients do, a JSON object as text; ""
// where it is not known.
func dimensions(p room.Picture) string {
	if p.Width == 0 && p.Height == 0 {
		return ""
	}
	return `{"width":` + strconv.Itoa(p.Width) + `,"height":` + strconv.Itoa(p.Height) + `}`
}

// readDimensions takes a size as clients tell it: a JSON object, or the text of
// one. Fails with fault.FieldInvalid.
func readDimensions(raw json.RawMessage, field string) (p room.Picture, err error) {
	var inner string
	if json.Unmarshal(raw, &inner) == nil {
		raw = json.RawMessage(inner)
	}
	var size struct{ Width, Height float64 } // of a scaled window they are no whole numbers
	if json.Unmarshal(raw, &size) != nil || !(size.Width >= 0 && size.Width <= maxSide) || !(size.Height >= 0 && size.Height <= maxSide) {
		return p, fault.FieldInvalid.New("field", field, "want", "width and height in pixels", "max", maxSide, "got", clip(string(raw), 64))
	}
	p.Width, p.Height = int(size.Width), int(size.Height)
	return p, nil
}

// picture is what a client says of the video that it publishes. Clients say -1
// frames a second where they do not know, and a size that makes no sense is
// passed over, as nothing depends on it.
func (p publishParams) picture() room.Picture {
	pic, err := readDimensions(p.Dimensions, "videoDimensions")
	if err != nil {
		pic = room.Picture{}
	}
	if p.FrameRate > 0 && p.FrameRate <= maxFrameRate {
		pic.FrameRate = int(p.FrameRate)
	}
	return pic
}
