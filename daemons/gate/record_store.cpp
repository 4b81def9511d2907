// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/record_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "attest/judge/record.h"

namespace ct::gate {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".cbor";
constexpr std::uint64_t kSpare = 1 << 20;  // what ready() wants to see free: more than most records take

// Ids begin with their time, so a name says whether its file is older than another's.
std::string time_prefix(WallTime time) {
    judge::Case at;
    at.at = time;
    return judge::record_id(at).substr(0, 23);  // "20261124T140305.123456Z"
}

timespec to_timespec(WallTime time) {
    const auto whole = std::chrono::floor<Seconds>(time);
    return {whole.time_since_epoch().count(), std::chrono::nanoseconds{time - whole}.count()};
}

// What write() dated it with.
WallTime end_of(const struct stat& file) {
    constexpr auto most = std::chrono::floor<Seconds>(WallTime::max()).time_since_epoch().count() - 1;
    const Seconds whole{std::clamp<std::int64_t>(file.st_mtim.tv_sec, 0, most)};
    const std::chrono::nanoseconds rest{file.st_mtim.tv_nsec};
    return WallTime{whole + std::chrono::floor<std::chrono::microseconds>(rest)};
}

}  // namespace

Result<RecordStore::Folder> RecordStore::open_folder(const std::string& path, std::uint64_t most, bool drop_oldest) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) return fail_errno(Reason::io_failed, path, error.value());
    Folder out;
    out.path = path;
    out.most = most;
    out.drop_oldest = drop_oldest;
    out.fd = Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!out.fd) return fail_errno(Reason::io_failed, path);
    std::vector<File> found;
    for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
        auto name = at->path().filename().native();
        // What a crash left half-written was never answered for.
        if (name.ends_with(".tmp")) {
            ::unlinkat(out.fd.get(), name.c_str(), 0);
            continue;
        }
        if (!name.ends_with(kSuffix)) continue;
        struct stat info{};
        if (::fstatat(out.fd.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
        found.push_back({std::move(name), static_cast<std::uint64_t>(info.st_size)});
    }
    if (error) return fail_errno(Reason::io_failed, path, error.value());
    std::ranges::sort(found, {}, &File::name);
    for (auto& file : found) {
        out.bytes += file.size;
        out.files.push_back(std::move(file));
    }
    return out;
}

Result<RecordStore> RecordStore::open(const RecordSettings& settings) {
    RecordStore out;
    out.settings_ = settings;
    CT_TRY(out.released_, open_folder(settings.folder + "/released", settings.most_bytes, settings.drop_oldest));
    CT_TRY(out.refused_, open_folder(settings.folder + "/refused", std::max(settings.most_bytes / 4, kSpare), true));
    return out;
}

void RecordStore::drop_first(Folder& folder) {
    ::unlinkat(folder.fd.get(), folder.files.front().name.c_str(), 0);
    folder.bytes -= folder.files.front().size;
    folder.files.pop_front();
}

Status RecordStore::make_room(Folder& folder, std::uint64_t size, WallTime now) {
    const auto oldest = time_prefix(now - settings_.most_age);
    while (!folder.files.empty() && folder.files.front().name < oldest)
        drop_first(folder);
    while (folder.bytes + size > folder.most) {
        if (!folder.drop_oldest || folder.files.empty())
            return fail(Reason::audit_unavailable, folder.path +
                                                       " is full: archive records, raise records.most_mib, or "
                                                       "allow records.when_full = \"drop-oldest\"");
        drop_first(folder);
        ++dropped_;
    }
    return {};
}

Status RecordStore::ready(WallTime now) { return make_room(released_, kSpare, now); }

Status RecordStore::write(const std::string& id, ByteView record, bool released, WallTime now, Seconds life) {
    auto& folder = released ? released_ : refused_;
    CT_CHECK(make_room(folder, record.size(), now));
    const auto name = id + std::string(kSuffix);
    const auto temporary = name + ".tmp";
    const auto failed = [&](const char* what) {
        const int error = errno;
        ::unlinkat(folder.fd.get(), temporary.c_str(), 0);
        return fail_errno(Reason::audit_unavailable, folder.path + ": " + what, error);
    };
    {
        const Fd file(
            ::openat(folder.fd.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640));
        if (!file) return failed("cannot make a record");
        if (!write_all(file.get(), record.data(), record.size())) return failed("cannot write a record");
        const std::array<timespec, 2> times{timespec{0, UTIME_OMIT}, to_timespec(now + life)};
        if (::futimens(file.get(), times.data()) != 0) return failed("cannot date a record");
        if (::fsync(file.get()) != 0) return failed("cannot sync a record");
    }
    if (::renameat2(folder.fd.get(), temporary.c_str(), folder.fd.get(), name.c_str(), RENAME_NOREPLACE) != 0)
        return failed("cannot name a record");
    if (::fsync(folder.fd.get()) != 0) {
        const int error = errno;
        ::unlinkat(folder.fd.get(), name.c_str(), 0);
        return fail_errno(Reason::audit_unavailable, folder.path + ": cannot sync the folder", error);
    }
    folder.files.push_back({name, record.size()});
    folder.bytes += record.size();
    return {};
}

void RecordStore::remove(const std::string& id, bool released) {
    auto& folder = released ? released_ : refused_;
    const auto name = id + std::string(kSuffix);
    const auto at = std::ranges::find(folder.files, name, &File::name);
    if (at == folder.files.end()) return;
    ::unlinkat(folder.fd.get(), name.c_str(), 0);
    folder.bytes -= at->size;
    folder.files.erase(at);
}

void RecordStore::each_live_release(WallTime now, const std::function<void(const LiveRelease&)>& take) const {
    for (const auto& file : released_.files) {
        struct stat info{};
        if (::fstatat(released_.fd.get(), file.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 || end_of(info) <= now)
            continue;
        const std::string path = released_.path + "/" + file.name;
        take({path, end_of(info), read_file(path, judge::kRecordSize)});
    }
}

}  // namespace ct::gate
