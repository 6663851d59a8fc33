// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"fmt"
	"time"

	"github.com/redial-rtc/redial/internal/evidence"
)

// Clauses about who is refused at the door: tokens, and who is inside already.

const howToken = "the server records the times of a genuine token that it refuses"

func (v *view) token() *evidence.Token {
	if v.record == nil {
		return nil
	}
	return v.record.Token
}

// leeway is how far clocks may be apart that are well.
const leeway = 90 * time.Second

var tokenOver = &Clause{
	Fact: "token.expired_by", Asks: "the token had run out", How: howToken,
	ask: func(v *view) answer {
		t := v.token()
		if t == nil || t.Expires.IsZero() || t.Now.IsZero() {
			return answer{}
		}
		d := t.Now.Sub(t.Expires)
		return answer{is: whether(d > 0), value: d.Milliseconds(), word: span(d), at: t.Now, says: "the token had run out " + span(d) + " before"}
	},
}

// issuedAhead: the token says that it was issued in the future.
var issuedAhead = &Clause{
	Fact: "token.ahead", Asks: "the token says that it was issued in the future", How: howToken,
	ask: func(v *view) answer {
		t := v.token()
		if t == nil || t.Now.IsZero() || t.IssuedAt.IsZero() && t.NotBefore.IsZero() {
			return answer{}
		}
		d := latest(t.IssuedAt, t.NotBefore).Sub(t.Now)
		if d <= 0 {
			return answer{is: no, value: 0, at: t.Now, says: "the token was issued in the past"}
		}
		return answer{is: yes, value: d.Milliseconds(), word: span(d), at: t.Now, says: "the token says that it was issued " + span(d) + " in the future"}
	},
}

// keyWell: others come with new tokens of the same key, so its issuer's clock is right.
var keyWell = &Clause{
	Fact: "token.key_age_ms", Asks: "new tokens of the same key are accepted", How: "the server remembers for 10 minutes how old the tokens of each key are that it accepts; ask again when others have come",
	ask: func(v *view) answer {
		t := v.token()
		if t == nil || t.KeyAge == nil {
			return answer{}
		}
		d := time.Duration(*t.KeyAge) * time.Millisecond
		if d.Abs() > leeway {
			return answer{value: *t.KeyAge} // an old one that is still good says nothing of the clock
		}
		return answer{is: yes, value: *t.KeyAge, at: t.KeyAt, says: "another token of the same key was accepted that was " + span(d) + " old"}
	},
}

// newTokensFail: tokens that were issued one after the other fail at one distance
// from the server's clock, so that the distance is that of the clocks.
var newTokensFail = &Clause{
	Fact: "token.distance", Asks: "new tokens fail at the same distance from the server's clock", How: "ask again after another new token was refused: the times of two tell a clock from an old token",
	ask: func(v *view) answer {
		t := v.token()
		if t == nil || t.IssuedAt.IsZero() || t.Now.IsZero() {
			return answer{}
		}
		distance := t.Now.Sub(t.IssuedAt)
		same, fresh := 0, 0
		users := map[string]bool{v.f.User: true}
		for _, f := range append(v.all()[1:], v.others()...) {
			if f.Evidence == nil || f.Evidence.Token == nil || f.Evidence.Token.IssuedAt.IsZero() {
				continue
			}
			o := f.Evidence.Token
			apart := o.IssuedAt.Sub(t.IssuedAt).Abs()
			alike := (o.Now.Sub(o.IssuedAt) - distance).Abs() < 15*time.Second
			switch {
			case apart < time.Second && f.User == v.f.User:
				same++ // the same token again
			case apart < time.Second && alike:
				users[f.User] = true // of the same second: made just now, or all at once long ago
			case alike:
				fresh++
			}
		}
		if n := len(users); n >= 3 {
			fresh += n - 1 // one by one, as they came
		}
		switch {
		case distance <= leeway:
			return answer{is: no, value: distance.Milliseconds(), word: span(distance), at: t.Now, says: "the token was issued " + span(distance) + " before"}
		case fresh > 0:
			return answer{is: yes, value: distance.Milliseconds(), word: span(distance), at: t.Now, says: fmt.Sprintf("%s of those who come are all %s behind the server's clock", count(fresh+1, "token", "tokens"), span(distance))}
		case same > 0:
			return answer{is: no, value: distance.Milliseconds(), word: span(distance), at: t.Now, says: "the very same token came again"}
		}
		return answer{}
	},
}

var wrongClock = either("token.distance", "new tokens are of another time than the server's clock", newTokensFail, issuedAhead)

// longAgo: the token is so old that no clock is wrong by as much.
var longAgo = &Clause{
	Fact: "token.age", Asks: "the token was issued so long ago that it is old", How: howToken,
	ask: func(v *view) answer {
		t := v.token()
		if t == nil || t.IssuedAt.IsZero() || t.Now.IsZero() {
			return answer{}
		}
		d := t.Now.Sub(t.IssuedAt)
		switch {
		case v.ask(newTokensFail).is == yes:
			return answer{is: no, value: d.Milliseconds(), word: span(d), at: t.Now, says: "new tokens are as old"}
		case d < 15*time.Hour: // time zones reach to 14 hours
			return answer{}
		}
		return answer{is: yes, value: d.Milliseconds(), word: span(d), at: t.Now, says: "the token was issued " + span(d) + " before"}
	},
}

// prefixed: a request for a route of the server came behind something else.
var prefixed = &Clause{
	Fact: "door.path", Asks: "a request for a known route came under another path", How: "the server records requests for its own routes that come under another path",
	ask: func(v *view) answer {
		if v.f.Server == nil {
			if v.ask(nameFailed).is == yes || v.ask(refused).is == yes {
				return answer{is: no, value: "", at: v.at, says: "the client says that its request came nowhere"}
			}
			return answer{}
		}
		want, ok := v.f.detail("want").(string)
		if !ok || v.f.Server.Fault != "request.route_unknown" {
			return answer{is: no, value: "", at: v.at, says: "the request came under the right path"}
		}
		return answer{is: yes, value: want, word: want, at: v.at, says: "a request for " + want + " came under another path"}
	},
}

// unseen: the server knows nothing of what the client tried.
var unseen = &Clause{
	Fact: "door.seen", Asks: "the request never came to the server", How: "the server records requests that it refuses",
	ask: func(v *view) answer {
		seen := v.f.Server != nil || v.f.Evidence != nil
		if seen {
			return answer{is: no, value: true, at: v.at, says: "the request came to the server"}
		}
		return answer{is: yes, value: false, at: v.at, says: "the server saw nothing of the request"}
	},
}

// howUnreached is what a client that knows tells of how its request failed.
const howUnreached = "browsers do not tell pages why a request failed; clients that know report it as `stage`"

func unreached(word, asks string) *Clause {
	return &Clause{Fact: "client.stage", Asks: asks, How: howUnreached, client: true, ask: func(v *view) answer {
		raw, ok := v.f.fact("stage")
		if !ok {
			return answer{}
		}
		is := string(raw) == `"`+word+`"`
		return answer{is: whether(is), value: word, at: v.at, says: "the client says: " + asks}
	}}
}

var (
	nameFailed = unreached("dns", "the server's name was not resolved")
	refused    = unreached("refused", "the connection was refused")
	lineless   = clientClause("client.online", "the browser was offline", func(v *view, w *told) answer {
		if w.Online == nil {
			return answer{}
		}
		if !*w.Online {
			return answer{is: yes, value: false, at: v.at, says: "the browser says that it was offline"}
		}
		return answer{is: no, value: true, at: v.at, says: "the browser says that it was online"}
	})
)

const howSame = "the server records who of the same user is in the room"

// sameUser gives the others of the same user; false where nothing is known.
func (v *view) sameUser() ([]evidence.Seat, bool) {
	if v.record == nil {
		return nil, false
	}
	return v.record.Same, v.record.Same != nil || v.record.Token != nil || v.record.Socket != nil
}

// ghost: an elder seat of the same user at the same place.
var ghost = seat("an earlier connection of the same person, from the same place, was still there", "an earlier connection of the same person from the same place was still there",
	func(s evidence.Seat) bool { return s.Address })

// ghostAway: and nobody uses it.
var ghostAway = seat("that earlier connection had ended", "the earlier connection had no socket any more",
	func(s evidence.Seat) bool { return s.Address && !s.Away.IsZero() })

// second: another seat of the same user which lives, elsewhere.
var second = seat("the same user is in the room at another place", "the same user was in the room at another place",
	func(s evidence.Seat) bool { return s.Away.IsZero() && !s.Address })

func seat(asks, says string, match func(evidence.Seat) bool) *Clause {
	return &Clause{Fact: "same_user", Asks: asks, How: howSame, ask: func(v *view) answer {
		seats, known := v.sameUser()
		if !known {
			return answer{}
		}
		for _, s := range seats {
			if match(s) {
				return answer{is: yes, value: len(seats), at: s.Since, claimed: v.f.Claimed, says: says + ", since " + span(v.at.Sub(s.Since)) + " before"}
			}
		}
		return answer{is: no, value: len(seats), at: v.at, says: "not so: " + asks}
	}}
}
