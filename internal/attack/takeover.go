// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// takeovers tries to become somebody else: with the tokens that a viewer's code
// gives for names of the caller's choice, and with tokens of other people,
// towards a host who is there and towards one whose socket has just dropped. It
// plays the victims itself, beside the honest call, whose host is one as well.
func takeovers(ctx context.Context, sc *scene) (told, error) {
	client := httpClient(hostile)
	tries, won := 0, []string{}
	for ctx.Err() == nil && len(won) < 20 {
		for _, held := range []bool{false, true} {
			for _, way := range []string{"code as the victim", "code as nobody", "code as another", "another's token"} {
				victim, peer, user := (*socket)(nil), sc.Victim, sc.User
				if tries%2 == 1 || held { // one of our own, whom we may hurt
					var err error
					peer, user = uuid.NewString(), "guest-1"
					if victim, err = inside(ctx, sc, sc.Guests[1], peer, hostile); err != nil {
						pause(ctx, 100*time.Millisecond)
						continue
					}
					if held {
						victim.drop()
						<-victim.ended
					}
				}
				tok, err := asOther(ctx, client, sc, way, user)
				if err == nil {
					tries++
					if role := seize(ctx, sc, tok, peer); role != "" {
						won = append(won, fmt.Sprintf("%s became the %s", way, role))
					}
				}
				if victim != nil {
					victim.drop()
				}
				pause(ctx, 50*time.Millisecond)
			}
		}
	}
	t := told{Found: fmt.Sprintf("%d tries, %d takeovers", tries, len(won))}
	if len(won) > 0 {
		t.Found += " (" + won[0] + ")"
		t.Broken = append(t.Broken, "identity")
	}
	return t, nil
}

// asOther gets a token for an attack.
func asOther(ctx context.Context, client *http.Client, sc *scene, way, user string) (string, error) {
	switch way {
	case "code as the victim":
		return exchange(ctx, client, sc, user)
	case "code as nobody":
		return exchange(ctx, client, sc, "")
	case "code as another":
		return exchange(ctx, client, sc, uuid.NewString())
	}
	return sc.Viewers[2], nil
}

// seize opens a socket as a peer that is somebody else's, and returns the role
// it was given, or "" when it was refused.
func seize(ctx context.Context, sc *scene, tok, peer string) string {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	s, err := dial(ctx, sc.URL, tok, peer, hostile)
	if err != nil {
		return ""
	}
	defer s.drop()
	got := make(chan string, 1)
	s.listen(func(method string, params json.RawMessage) {
		var p struct {
			Name string `json:"name"`
		}
		if method == "on-policy-change" && json.Unmarshal(params, &p) == nil {
			select {
			case got <- p.Name:
			default:
			}
		}
	})
	// Whoever is let in is told the role; a newcomer under the same id would be a
	// viewer, which is what the code is for.
	if s.join(ctx) != nil {
		select {
		case role := <-got:
			if role != "viewer" {
				return role
			}
		default:
		}
		return ""
	}
	select {
	case role := <-got:
		if role != "viewer" {
			return role
		}
	case <-ctx.Done():
	}
	return ""
}
