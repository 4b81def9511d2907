// SPDX-License-Identifier: Apache-2.0
// CBOR (RFC 8949) as devices write it: heads in their shortest form and strings of definite length, but map keys in any order,
// and maps perhaps of indefinite length. What we write ourselves has one form only and is read by lib/codec/cbor.h.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest {

// Takes items off the front of a view, as Cursor takes fields: nothing is copied, failure sticks, and finish() tells it once.
// Past a failure every item reads as zero or empty, and every map as ended.
class CborCursor {
public:
    explicit CborCursor(ByteView input) : input_(input) {}

    std::uint64_t uint(std::uint64_t most);
    ByteView bytes(std::size_t least, std::size_t most);
    std::optional<ByteView> bytes_or_null(std::size_t least, std::size_t most);  // nullopt for null
    std::string_view text(std::size_t least, std::size_t most);                  // UTF-8
    // Of an array of at most `most` items, which then follow.
    std::size_t array(std::size_t most);

    // for (auto pairs = in.map(9); pairs.next();) takes key and value. Whether keys repeat is the caller's to see.
    class Pairs {
    public:
        bool next();

    private:
        friend class CborCursor;
        Pairs(CborCursor& in, std::uint64_t left, bool indefinite) : in_(&in), left_(left), indefinite_(indefinite) {}
        CborCursor* in_;
        std::uint64_t left_;  // of indefinite length: how many are allowed
        bool indefinite_;
    };
    enum class Length : std::uint8_t { definite, any };
    Pairs map(std::size_t most, Length length = Length::definite);

    bool skip_tag(std::uint8_t tag);  // below 24; true if it was there
    void fail(std::string_view why);

    [[nodiscard]] bool ok() const { return why_.empty(); }
    // Everything was taken, and nothing more than there was. evidence_malformed with `what` and the offset.
    [[nodiscard]] Status finish(std::string_view what);

private:
    struct Head {
        unsigned major = 0;
        std::uint64_t value = 0;
        bool indefinite = false;
    };
    ByteView take(std::uint64_t size);
    bool skip(std::uint8_t byte);
    Head head(unsigned major, std::string_view expected);
    ByteView string(unsigned major, std::size_t least, std::size_t most, std::string_view expected);

    ByteView input_;
    std::size_t at_ = 0;
    std::string_view why_;
};

}  // namespace ct::attest
