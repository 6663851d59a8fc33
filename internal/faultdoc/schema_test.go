// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package faultdoc_test

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// validate checks a value against the part of JSON Schema that our schema uses.
// A keyword that it does not know is an error, so that none goes unchecked.
func validate(root, schema map[string]any, v any, at string) []string {
	var errs []string
	bad := func(format string, args ...any) { errs = append(errs, at+": "+fmt.Sprintf(format, args...)) }
	for keyword, want := range schema {
		switch keyword {
		case "$schema", "$comment", "$defs", "title", "description":
		case "$ref":
			def := strings.TrimPrefix(want.(string), "#/$defs/")
			errs = append(errs, validate(root, root["$defs"].(map[string]any)[def].(map[string]any), v, at)...)
		case "type":
			if typeOf(v) != want && (want != "integer" || typeOf(v) != "number" || v.(float64) != math.Trunc(v.(float64))) {
				bad("is %s, want %s", typeOf(v), want)
			}
		case "enum":
			if !slices.ContainsFunc(want.([]any), func(x any) bool { return reflect.DeepEqual(x, v) }) {
				bad("%v is not one of %v", v, want)
			}
		case "minLength":
			if s, ok := v.(string); ok && float64(len([]rune(s))) < want.(float64) {
				bad("is shorter than %v", want)
			}
		case "pattern":
			if s, ok := v.(string); ok && !regexp.MustCompile(want.(string)).MatchString(s) {
				bad("%q does not match %s", s, want)
			}
		case "minimum":
			if n, ok := v.(float64); ok && n < want.(float64) {
				bad("%v is less than %v", n, want)
			}
		case "maximum":
			if n, ok := v.(float64); ok && n > want.(float64) {
				bad("%v is more than %v", n, want)
			}
		case "items":
			list, _ := v.([]any)
			for i, x := range list {
				errs = append(errs, validate(root, want.(map[string]any), x, fmt.Sprintf("%s[%d]", at, i))...)
			}
		case "minItems":
			if list, ok := v.([]any); ok && float64(len(list)) < want.(float64) {
				bad("has %d items, want %v", len(list), want)
			}
		case "uniqueItems":
			list, _ := v.([]any)
			for i, x := range list {
				if slices.ContainsFunc(list[:i], func(y any) bool { return reflect.DeepEqual(x, y) }) {
					bad("has %v twice", x)
				}
			}
		case "required":
			for _, name := range want.([]any) {
				if o, ok := v.(map[string]any); ok && o[name.(string)] == nil {
					bad("lacks %v", name)
				}
			}
		case "properties":
			o, _ := v.(map[string]any)
			for name, s := range want.(map[string]any) {
				if x, ok := o[name]; ok {
					errs = append(errs, validate(root, s.(map[string]any), x, at+"."+name)...)
				}
			}
		case "additionalProperties":
			o, _ := v.(map[string]any)
			known, _ := schema["properties"].(map[string]any)
			for name := range o {
				if _, ok := known[name]; !ok && want == false {
					bad("has the unknown field %s", name)
				}
			}
		default:
			bad("the schema uses %s, which the test does not know", keyword)
		}
	}
	return errs
}

func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}
