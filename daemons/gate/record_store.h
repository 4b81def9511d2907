// SPDX-License-Identifier: Apache-2.0
// Audit records as files: FOLDER/released/ID.cbor and FOLDER/refused/ID.cbor, written whole, synced, never overwritten.
// Releases and refusals have separate room, so that nobody can push the proof of a release out by being refused. A file's time
// of modification is the end of what was released, so that a start reads only the records that still matter.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "daemons/gate/settings.h"

namespace ct::gate {

class RecordStore {
public:
    // Makes the two folders if need be and takes stock. io_failed if they cannot be used.
    static Result<RecordStore> open(const RecordSettings& settings);

    // `life` is that of what is released, from `now` on. audit_unavailable: it is not on stable storage, and nothing of it
    // remains.
    Status write(const std::string& id, ByteView record, bool released, WallTime now, Seconds life = Seconds{0});
    // For a record whose verdict was not carried out after all.
    void remove(const std::string& id, bool released);

    // The records of releases that may still live, oldest first, each by the path of its file and its end; or why it can't be
    // read.
    struct LiveRelease {
        std::string path;
        WallTime end;
        Result<std::string> bytes;
    };
    void each_live_release(WallTime now, const std::function<void(const LiveRelease&)>& take) const;

    // Why no release could be recorded now, if so: asked before OpenBao makes a token in vain.
    [[nodiscard]] Status ready(WallTime now);

    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }  // before their age
    [[nodiscard]] std::uint64_t bytes(bool released) const { return (released ? released_ : refused_).bytes; }
    [[nodiscard]] const RecordSettings& settings() const { return settings_; }

private:
    struct File {
        std::string name;
        std::uint64_t size = 0;
    };
    struct Folder {
        std::string path;
        Fd fd;
        std::uint64_t most = 0;
        bool drop_oldest = false;
        std::deque<File> files;  // oldest first: names sort by time
        std::uint64_t bytes = 0;
    };
    static Result<Folder> open_folder(const std::string& path, std::uint64_t most, bool drop_oldest);
    Status make_room(Folder& folder, std::uint64_t size, WallTime now);
    static void drop_first(Folder& folder);

    RecordSettings settings_;
    Folder released_, refused_;
    std::uint64_t dropped_ = 0;
};

}  // namespace ct::gate
