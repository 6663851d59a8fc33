package sfu

// inspectAV1 reads the aggregation header (RTP payload format for AV1, section
// 4.4): the N bit marks the first packet of a coded video sequence, which begins
// with a key frame.
func inspectAV1(b []byte) keyHint {
	if len(b) < 2 {
		return keyNone
	}
	const bitZ, bitN = 0x80, 0x08
	if b[0]&bitN != 0 && b[0]&bitZ == 0 {
		return keyStart
	}
	return keyNone
}
