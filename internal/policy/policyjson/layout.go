// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package policyjson

import (
	"encoding/json"

	"github.com/redial-rtc/redial/internal/policy"
)

// Layout is a [policy.Layout] in the form in which ready-made rooms ask for it,
// that of the npm package @100mslive/types-prebuilt. An element that is there is
// shown, with its settings; one that is not there is not.
type Layout struct {
	Themes     []Theme           `json:"themes,omitempty"` // the first is shown
	Typography *Typography       `json:"typography,omitempty"`
	Logo       *Logo             `json:"logo,omitempty"`
	Options    map[string]string `json:"options,omitempty"`
	Screens    *Screens          `json:"screens,omitempty"`
}

// Theme is colours by name, such as "primary_default".
type Theme struct {
	Name    string            `json:"name"`
	Default bool              `json:"default"`
	Palette map[string]string `json:"palette,omitempty"`
	Type    string            `json:"theme_type,omitempty"` // "THEME_TYPE_DARK" or "THEME_TYPE_LIGHT"
}

// Typography names the font.
type Typography struct {
	FontFamily string `json:"font_family"`
}

// Logo is the address of a picture.
type Logo struct {
	URL string `json:"url"`
}

// Screens are what somebody sees one after the other. The first and the last are
// left out when they are not there.
type Screens struct {
	Preview      *Preview     `json:"preview,omitempty"`
	Conferencing Conferencing `json:"conferencing"`
	Leave        *Leave       `json:"leave,omitempty"`
}

// Preview is the screen before the call.
type Preview struct {
	Default *Screen `json:"default,omitempty"`
	Skip    bool    `json:"skip_preview_screen,omitempty"`
}

// Conferencing is the screen of the call. Clients look into the elements of its
// only entry without asking whether they are there.
type Conferencing struct {
	Default *Screen         `json:"default"`
	HLS     json.RawMessage `json:"hls_live_streaming,omitempty"` // what this server cannot do
}

// Leave is the screen after the call.
type Leave struct {
	Default *Screen `json:"default,omitempty"`
}

// Screen is a screen as it was sent: [Elements], and whatever newer clients know
// beside these.
type Screen struct {
	Elements json.RawMessage `json:"elements"`
	Hidden   []string        `json:"hideSections,omitempty"`
}

// Elements are the elements of screens that are known.
type Elements struct {
	PreviewHeader     *PreviewHeader     `json:"preview_header,omitempty"`
	JoinForm          *JoinForm          `json:"join_form,omitempty"`
	VirtualBackground *VirtualBackground `json:"virtual_background,omitempty"`
	NoiseCancellation *NoiseCancellation `json:"noise_cancellation,omitempty"`
	Chat              *Chat              `json:"chat,omitempty"`
	ParticipantList   *struct{}          `json:"participant_list,omitempty"`
	Tiles             *Tiles             `json:"video_tile_layout,omitempty"`
	EmojiReactions    *struct{}          `json:"emoji_reactions,omitempty"`
	OnStage           *OnStage           `json:"on_stage_exp,omitempty"`
	BeRightBack       *struct{}          `json:"brb,omitempty"`
	Header            *Header            `json:"header,omitempty"`
	HandRaise         *struct{}          `json:"hand_raise,omitempty"`
	Feedback          *Feedback          `json:"feedback,omitempty"`
}

// PreviewHeader is the words above a preview.
type PreviewHeader struct {
	Title    string `json:"title,omitempty"`
	SubTitle string `json:"sub_title,omitempty"`
}

// JoinOnly and JoinAndGoLive are what the button of a [JoinForm] does.
const (
	JoinOnly      = "JOIN_BTN_TYPE_JOIN_ONLY"
	JoinAndGoLive = "JOIN_BTN_TYPE_JOIN_AND_GO_LIVE"
)

// JoinForm is the button that leads into the call.
type JoinForm struct {
	Type   string `json:"join_btn_type,omitempty"`
	Label  string `json:"join_btn_label,omitempty"`
	GoLive string `json:"go_live_btn_label,omitempty"`
}

// VirtualBackground lists pictures to choose from.
type VirtualBackground struct {
	Media []struct {
		URL     string `json:"url"`
		Default bool   `json:"default"`
		Type    string `json:"media_type"`
	} `json:"background_media,omitempty"`
}

// NoiseCancellation says whether it is on from the start.
type NoiseCancellation struct {
	Enabled bool `json:"enabled_by_default,omitempty"`
}

// Chat says who may write to whom, and what a moderator may do about it.
type Chat struct {
	State       string       `json:"initial_state,omitempty"` // "CHAT_STATE_OPEN" or "CHAT_STATE_CLOSE"
	Overlay     bool         `json:"is_overlay"`
	Pinning     bool         `json:"allow_pinning_messages"`
	Public      bool         `json:"public_chat_enabled"`
	Private     bool         `json:"private_chat_enabled"`
	Roles       []string     `json:"roles_whitelist"` // that may be written to
	Title       string       `json:"chat_title,omitempty"`
	Placeholder string       `json:"message_placeholder,omitempty"`
	Controls    ChatControls `json:"real_time_controls"`
}

// ChatControls is what a moderator of a chat may do.
type ChatControls struct {
	Disable bool `json:"can_disable_chat"`
	Block   bool `json:"can_block_user"`
	Hide    bool `json:"can_hide_message"`
}

// Tiles is how videos are arranged.
type Tiles struct {
	Grid Grid `json:"grid"`
}

// Grid is videos in a grid.
type Grid struct {
	Inset     bool     `json:"enable_local_tile_inset"`
	Prominent []string `json:"prominent_roles"`
	Spotlight bool     `json:"enable_spotlighting_peer"`
	InView    int      `json:"tiles_in_view,omitempty"`
}

// OnStage is how viewers are taken on the stage and off it.
type OnStage struct {
	Bring       string   `json:"bring_to_stage_label,omitempty"`
	Remove      string   `json:"remove_from_stage_label,omitempty"`
	On          string   `json:"on_stage_role,omitempty"`
	Off         []string `json:"off_stage_roles,omitempty"`
	SkipPreview bool     `json:"skip_preview_for_role_change,omitempty"`
}

// Header is the words above a call.
type Header struct {
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
}

// Feedback is what somebody is asked after the call.
type Feedback struct {
	Title    string `json:"title,omitempty"`
	SubTitle string `json:"sub_title,omitempty"`
	Submit   string `json:"submit_btn_label,omitempty"`
	Ratings  []struct {
		Label    string   `json:"label"`
		Value    int      `json:"value"`
		Emoji    string   `json:"emoji"`
		Question string   `json:"question"`
		Reasons  []string `json:"reasons"`
	} `json:"ratings,omitempty"`
	Comment *struct {
		Label       string `json:"label"`
		Placeholder string `json:"placeholder"`
	} `json:"comment,omitempty"`
}

// DefaultLayout is the layout of a role for which none was stored: a preview, chat,
// the list of participants, hand raise, and "be right back" for those who publish.
// Who may remove others also moderates the chat.
func DefaultLayout(r policy.Role) Layout {
	moderates := r.Permissions.RemoveOthers
	call := Elements{
		Chat: &Chat{
			State: "CHAT_STATE_CLOSE", Pinning: true, Public: true, Private: true, Roles: []string{},
			Title: "Chat", Placeholder: "Send a message...", Controls: ChatControls{moderates, moderates, moderates},
		},
		ParticipantList: &struct{}{}, EmojiReactions: &struct{}{}, HandRaise: &struct{}{},
		Tiles: &Tiles{Grid{Inset: true, Prominent: []string{}, Spotlight: true}},
	}
	if len(r.Publish.Allowed) > 0 {
		call.BeRightBack = &struct{}{}
	}
	return Layout{Screens: &Screens{
		Preview: &Preview{Default: screen(Elements{
			PreviewHeader: &PreviewHeader{"Get started", "Set up your audio and video before joining"},
			JoinForm:      &JoinForm{Type: JoinOnly, Label: "Join now"},
		})},
		Conferencing: Conferencing{Default: screen(call)},
		Leave:        &Leave{Default: screen(Elements{})},
	}}
}

// screen is a screen of the given elements.
func screen(e Elements) *Screen {
	raw, err := json.Marshal(e)
	if err != nil { // strings, numbers and truth values: it cannot fail
		panic(err)
	}
	return &Screen{Elements: raw}
}

// OfLayout is the layout of a role of a template in this form: what was stored,
// and of the rest the default.
func OfLayout(t policy.Template, role string) (Layout, error) {
	l, err := StoredLayout(t.Layouts[role])
	if l.Screens == nil {
		l.Screens = DefaultLayout(t.Roles[role]).Screens
	}
	return l, err
}

// StoredLayout is what was stored of a layout, which may be nothing.
func StoredLayout(stored policy.Layout) (l Layout, err error) {
	if stored != nil {
		err = json.Unmarshal(stored, &l)
	}
	return l, err
}

// OfLayouts is the stored layouts of a template in this form, by role.
func OfLayouts(layouts map[string]policy.Layout) map[string]json.RawMessage {
	return each(layouts, func(l policy.Layout) json.RawMessage { return json.RawMessage(l) })
}

// PolicyLayouts is the layouts that are written so.
func PolicyLayouts(layouts map[string]json.RawMessage) map[string]policy.Layout {
	return each(layouts, func(l json.RawMessage) policy.Layout { return policy.Layout(l) })
}
