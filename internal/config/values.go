// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
)

// Values gives what each setting is set to, to be compared with another time: numbers,
// durations and truths as they are, texts and lists as hashes, since an address may have
// a password in it. Settings that are secret are left out.
func (c *Config) Values() map[string]string {
	all := map[string]string{}
	var walk func(v reflect.Value, prefix string)
	walk = func(v reflect.Value, prefix string) {
		for f := range fieldsOf(v.Type()) {
			field := v.FieldByIndex(f.Index)
			switch {
			case f.Tag.Get("secret") == "true":
			case field.Kind() == reflect.Struct:
				walk(field, prefix+f.name+".")
			case field.Kind() == reflect.String, field.Kind() == reflect.Slice, field.Kind() == reflect.Map, field.Kind() == reflect.Pointer:
				sum := sha256.Sum256(fmt.Appendf(nil, "%v", field.Interface()))
				all[prefix+f.name] = HashedValue + hex.EncodeToString(sum[:8])
			default:
				all[prefix+f.name] = fmt.Sprint(field.Interface())
			}
		}
	}
	walk(reflect.ValueOf(c).Elem(), "")
	return all
}

// HashedValue begins the values that are told by a hash.
const HashedValue = "#"
