package sfu

// Redundant audio (RFC 2198): a chain of 4-byte block headers, a 1-byte header
// for the primary block, then the blocks in the same order.

// redPrimary returns the primary block and its payload type.
func redPrimary(b []byte) (block []byte, pt uint8, ok bool) {
	at, skip := 0, 0
	for {
		if at >= len(b) {
			return nil, 0, false
		}
		if b[at]&0x80 == 0 {
			break
		}
		if at+4 > len(b) {
			return nil, 0, false
		}
		skip += int(b[at+2]&0x03)<<8 | int(b[at+3])
		at += 4
	}
	pt = b[at] & 0x7f
	at += 1 + skip
	if at > len(b) {
		return nil, 0, false
	}
	return b[at:], pt, true
}

// redRetype sets the payload type of every block, in place.
func redRetype(b []byte, pt uint8) {
	for at := 0; at < len(b); at += 4 {
		b[at] = b[at]&0x80 | pt
		if b[at]&0x80 == 0 {
			return
		}
	}
}
