package fault

// Negotiation and tracks.
var (
	// SDPInvalid: the session description is not valid.
	SDPInvalid = declare(Kind{
		ID: "sdp.invalid", Title: "The session description is not valid", Category: Media, Status: 400,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpJoin, OpPublish, OpSubscribe},
	})
	// NegotiationFailed: the media connection could not be negotiated.
	NegotiationFailed = declare(Kind{
		ID: "media.negotiation", Title: "The media connection could not be negotiated", Category: Media, Status: 500,
		Retry: RetrySame, Terminal: false, Ops: []Op{OpJoin, OpPublish, OpSubscribe},
	})
	// CandidateInvalid: an ICE candidate is not valid.
	CandidateInvalid = declare(Kind{
		ID: "ice.candidate_invalid", Title: "An ICE candidate is not valid", Category: Media, Status: 400,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish, OpSubscribe},
	})
	// CandidateLimit: too many ICE candidates.
	CandidateLimit = declare(Kind{
		ID: "ice.candidate_limit", Title: "Too many ICE candidates", Category: Media, Status: 400,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish, OpSubscribe},
	})
	// CodecUnsupported: no codec is common to both sides.
	CodecUnsupported = declare(Kind{
		ID: "codec.unsupported", Title: "No codec is common to both sides", Category: Media, Status: 400,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish, OpSubscribe},
	})
	// TrackLimit: too many tracks.
	TrackLimit = declare(Kind{
		ID: "track.limit", Title: "Too many tracks", Category: Media, Status: 400,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpPublish},
	})
	// DataChannelMessage: a data channel message cannot be understood.
	DataChannelMessage = declare(Kind{
		ID: "datachannel.message_invalid", Title: "A data channel message cannot be understood", Category: API, Status: 400,
		Retry: RetryNever, Terminal: false, Ops: []Op{OpSubscribe},
	})
)
