package dialect

import "github.com/redial-rtc/redial/fault"

// HMS is the vocabulary of the 100ms web and Android SDKs. Numbers the server
// sends arrive in the SDK as code of a ServerErrors exception.
var HMS = &Dialect{Name: "hms", base: hmsBase, rows: []row{
	{kind: fault.AccessKeyUnknown, word: Word{Code: 40101, Name: "ServerErrors", Terminal: true}},
	{kind: fault.TokenRoomUnknown, word: Word{Code: 40102, Name: "ServerErrors", Terminal: true}},
	{kind: fault.TokenUser, word: Word{Code: 40107, Name: "ServerErrors", Terminal: true}},
	{kind: fault.TokenRole, word: Word{Code: 40108, Name: "ServerErrors", Terminal: true}},
	{kind: fault.TokenMalformed, word: Word{Code: 40109, Name: "ServerErrors", Terminal: true}},
	{kind: fault.TokenSignature, word: Word{Code: 40109, Name: "ServerErrors", Terminal: true}},
	{kind: fault.TokenMissing, word: Word{Code: 40109, Name: "ServerErrors", Terminal: true}},
	{kind: fault.TokenExpired, word: Word{Code: 40100, Name: "ServerErrors", Terminal: true}},
	{kind: fault.RoomNotFound, word: Word{Code: 40001, Name: "ServerErrors", Terminal: true}},
	{kind: fault.TokenRoomMismatch, word: Word{Code: 40002, Name: "ServerErrors", Terminal: true}},
	{kind: fault.PeerAlreadyJoined, word: Word{Code: 40004, Name: "ServerErrors"}},
	{kind: fault.PeerGone, word: Word{Code: 41001, Name: "ServerErrors"}},
}}

// hmsBase is what the vendor's server says where its list has no number: the
// HTTP status.
func hmsBase(k *fault.Kind) Word {
	code := k.Status
	if code == 0 {
		code = 500
	}
	return Word{Code: code, Name: "ServerErrors", Terminal: k.Terminal, CanRetry: k.CanRetry()}
}
