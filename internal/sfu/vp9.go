package sfu

// inspectVP9 reads the VP9 payload descriptor (RFC 9628, section 4.2).
func inspectVP9(b []byte) (keyHint, frameDesc) {
	var d frameDesc
	if len(b) < 1 {
		return keyNone, d
	}
	const (
		bitI, bitP, bitL, bitF, bitB = 0x80, 0x40, 0x20, 0x10, 0x08
	)
	head := b[0]
	at := 1
	if head&bitI != 0 {
		at = d.pictureID(b, at)
	}
	spatial := uint8(0)
	if head&bitL != 0 {
		if at >= len(b) {
			return keyNone, d
		}
		spatial = b[at] >> 1 & 0x07
		at++
		if head&bitF == 0 {
			if at >= len(b) {
				return keyNone, d
			}
			d.tl0At, d.tl0Len, d.tl0 = at, 1, b[at]
		}
	}
	// Not predicted from another picture, at the start of the lowest layer.
	if head&bitP == 0 && head&bitB != 0 && spatial == 0 {
		return keyStart, d
	}
	return keyNone, d
}
