/*
 * libwalrus_accel for C++17: encodes blobs for the Walrus storage network. RS2 slivers, metadata and blob
 * IDs with exactly the network's bytes, on graphics devices and on the CPU.
 *
 *     walrus_accel::runtime runtime;
 *     walrus_accel::encode_request request(walrus_accel::source::file("model.bin"));
 *     request.slivers = walrus_accel::sink::directory("slivers");
 *     std::cout << runtime.encode(request).metadata().blob_id().text() << '\n';
 *
 * CONVENTIONS
 *
 * Failures. What can fail throws walrus_accel::error, with a status and a message. The main operations
 * have a variant that begins with try_ and gives a result<T> instead: the value, or the failure. It throws
 * nothing but std::bad_alloc.
 *
 * Ownership. A runtime, a control, metadata, a reader and what encoding, decoding, expanding, recovering
 * and jobs give are handles: each is owned by one object, can be moved and not copied, and is freed with
 * it. One that was moved from can be destroyed and assigned to; whatever else is asked of it fails with
 * status::invalid_argument. All other types are plain values.
 *
 * Memory. A span does not own what it refers to. One that a call is given must stay valid, and its bytes
 * as they are, until the call returns, or the job has ended. One that a handle gives is valid until the
 * handle is destroyed; moving the handle does not change that.
 *
 * Threads. Member functions that are const can be called from all threads at the same time; others, and
 * the destructor, when no other call on the object is on its way.
 *
 * Callables. Sources and sinks call them from threads of the library's, never two calls of one at the same
 * time. They must not call the library. An exception that one throws stops the work, and is thrown again,
 * the very same, by the call that was given it, or by job::get; a try_ variant gives it as failure::cause.
 *
 * Numbers. Lengths are in bytes. Shards, pairs and indices are std::uint16_t; a number of shards of 0 is
 * the network's 1,000.
 *
 * The conventions of walrus_accel.h hold beside these: faults, numbers and limits are described there.
 */

#ifndef WALRUS_ACCEL_HPP
#define WALRUS_ACCEL_HPP

#include <walrus_accel.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace walrus_accel {

// -------------------------------------------------------------------------------------------------------
// Memory
// -------------------------------------------------------------------------------------------------------

/// A view of consecutive elements that somebody else owns: what std::span is from C++20 on, which
/// converts to and from it, as do arrays and containers with consecutive elements.
template <class T>
class span {
    template <class Container>
    using if_contiguous = std::enable_if_t<
        std::is_convertible_v<
            std::remove_pointer_t<decltype(std::data(std::declval<Container &>()))> (*)[], T (*)[]> &&
        std::is_convertible_v<decltype(std::size(std::declval<Container &>())), std::size_t>>;

public:
    using element_type = T;
    using value_type = std::remove_cv_t<T>;
    using size_type = std::size_t;
    using iterator = T *;

    /// No elements.
    constexpr span() noexcept = default;

    /// `size` elements from `data` on.
    constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}

    /// All elements of a container or array.
    template <class Container, class = if_contiguous<Container>>
    constexpr span(Container &container) noexcept
        : data_(std::data(container)), size_(std::size(container)) {}

    /// All elements of a container that cannot be changed, of a temporary one too: it must outlive the
    /// span.
    template <class Container, class = if_contiguous<const Container>>
    constexpr span(const Container &container) noexcept
        : data_(std::data(container)), size_(std::size(container)) {}

    /// The first element; unspecified if there is none.
    constexpr T *data() const noexcept { return data_; }

    /// The number of elements.
    constexpr std::size_t size() const noexcept { return size_; }

    /// Whether there is none.
    constexpr bool empty() const noexcept { return size_ == 0; }

    constexpr iterator begin() const noexcept { return data_; }
    constexpr iterator end() const noexcept { return data_ + size_; }

    /// An element; `number` must be below size().
    constexpr T &operator[](std::size_t number) const noexcept { return data_[number]; }

    /// `count` elements from `offset` on; both must lie inside.
    constexpr span subspan(std::size_t offset, std::size_t count) const noexcept {
        return span(data_ + offset, count);
    }

private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

/// The bytes of a text, such as a small blob: valid as long as the text.
inline span<const std::uint8_t> as_bytes(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}

// -------------------------------------------------------------------------------------------------------
// Failures
// -------------------------------------------------------------------------------------------------------

/// What a call came to. The numbers never change; new ones may come, so a switch needs a default.
enum class status : std::int32_t {
    /// The call did what it should.
    ok = WALRUS_ACCEL_OK,
    /// An argument is out of its range, of the wrong length, moved from, or does not go with another one.
    invalid_argument = WALRUS_ACCEL_INVALID_ARGUMENT,
    /// A handle is not alive.
    invalid_handle = WALRUS_ACCEL_INVALID_HANDLE,
    /// The blob is too long for the number of shards.
    blob_too_large = WALRUS_ACCEL_BLOB_TOO_LARGE,
    /// The system gave no memory, or a size is beyond the address space.
    out_of_memory = WALRUS_ACCEL_OUT_OF_MEMORY,
    /// The job does not fit the limit of memory that was set for the runtime or its device.
    memory_limit = WALRUS_ACCEL_MEMORY_LIMIT,
    /// Bytes are not the structure that they should be.
    malformed = WALRUS_ACCEL_MALFORMED,
    /// Metadata does not belong to the blob ID, the committee or itself.
    invalid_metadata = WALRUS_ACCEL_INVALID_METADATA,
    /// Too few slivers are usable to decode the blob.
    not_enough_slivers = WALRUS_ACCEL_NOT_ENOUGH_SLIVERS,
    /// The decoded blob does not belong to the metadata: it was encoded inconsistently.
    inconsistent = WALRUS_ACCEL_INCONSISTENT,
    /// The source changed while it was read.
    source_changed = WALRUS_ACCEL_SOURCE_CHANGED,
    /// Reading or writing failed.
    io = WALRUS_ACCEL_IO,
    /// The target exists and holds something else.
    target_exists = WALRUS_ACCEL_TARGET_EXISTS,
    /// Another process is at work on the same target.
    busy = WALRUS_ACCEL_BUSY,
    /// The engine, device or instruction set that was asked for is not there.
    engine_unavailable = WALRUS_ACCEL_ENGINE_UNAVAILABLE,
    /// A callable threw an exception: failure::cause.
    callback_failed = WALRUS_ACCEL_CALLBACK_FAILED,
    /// The work was cancelled, by a control, its job or a callable.
    cancelled = WALRUS_ACCEL_CANCELLED,
    /// The job has not ended yet.
    not_ended = WALRUS_ACCEL_NOT_ENDED,
    /// The time to wait ran out before the job ended.
    timed_out = WALRUS_ACCEL_TIMED_OUT,
    /// There is no such thing: a sliver that was not asked for, a result that was taken before.
    not_found = WALRUS_ACCEL_NOT_FOUND,
    /// A fault within the library. The runtime that it happened in can only be destroyed.
    panic = WALRUS_ACCEL_PANIC,
    /// The runtime had a fault before, and can only be destroyed.
    poisoned = WALRUS_ACCEL_POISONED,
    /// A failure of a kind that this version has no number for.
    other = WALRUS_ACCEL_OTHER,
    /// Too few recovery symbols are usable to recover the sliver.
    not_enough_symbols = WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS,
    /// A sliver does not belong to its blob's metadata, where one is needed that does.
    invalid_sliver = WALRUS_ACCEL_INVALID_SLIVER,
    /// A result that would accuse somebody was computed a second time, in another way, and came out
    /// otherwise: the library, or the machine, is wrong. Nothing is to be concluded from it.
    results_differ = WALRUS_ACCEL_RESULTS_DIFFER,
};

/// The name of a status, for messages and logs: lower case, in English, valid as long as the process
/// runs.
inline std::string_view name(status value) noexcept {
    return walrus_accel_status_name(static_cast<walrus_accel_status>(value));
}

/// What is thrown when the library fails.
class error : public std::runtime_error {
public:
    error(walrus_accel::status kind, const std::string &message)
        : std::runtime_error(message), status_(kind) {}

    /// The kind of failure; what() has the message.
    walrus_accel::status status() const noexcept { return status_; }

private:
    walrus_accel::status status_;
};

/// What went wrong, as a value.
struct failure {
    /// The kind of failure.
    walrus_accel::status status = walrus_accel::status::other;
    /// UTF-8, one line, without a full stop: the value, the limit and what to do.
    std::string message;
    /// The exception that a callable threw; null if none did.
    std::exception_ptr cause = nullptr;

    /// Throws the cause, if there is one, and otherwise an error with the status and the message.
    [[noreturn]] void raise() const {
        if (cause) {
            std::rethrow_exception(cause);
        }
        throw error(status, message);
    }
};

/// A value, or why there is none.
template <class T>
class [[nodiscard]] result {
public:
    /// Success.
    result(T value) : content_(std::in_place_index<0>, std::move(value)) {}

    /// Failure.
    result(walrus_accel::failure reason) : content_(std::in_place_index<1>, std::move(reason)) {}

    /// Whether there is a value.
    bool has_value() const noexcept { return content_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    /// The value. Throws as failure::raise does if there is none.
    T &value() & {
        demand();
        return *std::get_if<0>(&content_);
    }
    const T &value() const & {
        demand();
        return *std::get_if<0>(&content_);
    }
    T &&value() && {
        demand();
        return std::move(*std::get_if<0>(&content_));
    }

    /// The value, as value() gives it.
    T &operator*() & { return value(); }
    const T &operator*() const & { return value(); }
    T &&operator*() && { return std::move(*this).value(); }
    T *operator->() { return &value(); }
    const T *operator->() const { return &value(); }

    /// Why there is no value. Throws std::bad_variant_access if there is one.
    const walrus_accel::failure &failure() const { return std::get<1>(content_); }

private:
    void demand() const {
        if (const auto *reason = std::get_if<1>(&content_)) {
            reason->raise();
        }
    }

    std::variant<T, walrus_accel::failure> content_;
};

namespace detail {

template <class T, walrus_accel_status (*Free)(T *)>
struct freeing {
    void operator()(T *handle) const noexcept { Free(handle); }
};

template <class T, walrus_accel_status (*Free)(T *)>
using handle = std::unique_ptr<T, freeing<T, Free>>;

using error_handle = handle<walrus_accel_error, walrus_accel_error_free>;
using devices_handle = handle<walrus_accel_devices, walrus_accel_devices_free>;
using runtime_handle = handle<walrus_accel_runtime, walrus_accel_runtime_free>;
using control_handle = handle<walrus_accel_control, walrus_accel_control_free>;
using metadata_handle = handle<walrus_accel_metadata, walrus_accel_metadata_free>;
using encoded_handle = handle<walrus_accel_encoded, walrus_accel_encoded_free>;
using decoded_handle = handle<walrus_accel_decoded, walrus_accel_decoded_free>;
using directory_report_handle = handle<walrus_accel_directory_report, walrus_accel_directory_report_free>;
using job_handle = handle<walrus_accel_job, walrus_accel_job_free>;
using expanded_handle = handle<walrus_accel_expanded, walrus_accel_expanded_free>;
using recovered_handle = handle<walrus_accel_recovered, walrus_accel_recovered_free>;
using reader_handle = handle<walrus_accel_reader, walrus_accel_reader_free>;
using reader_report_handle = handle<walrus_accel_reader_report, walrus_accel_reader_report_free>;

/// The place that a function gives a handle by: at the end of the full expression it is the owner's.
template <class Handle>
class receiving {
public:
    explicit receiving(Handle &owner) noexcept : owner_(owner) {}
    receiving(const receiving &) = delete;
    receiving &operator=(const receiving &) = delete;
    ~receiving() { owner_.reset(place_); }

    operator typename Handle::pointer *() noexcept { return &place_; }

private:
    Handle &owner_;
    typename Handle::pointer place_ = nullptr;
};

inline failure failure_from(walrus_accel_status value, const walrus_accel_error *reason) {
    const char *message = reason ? walrus_accel_error_message(reason) : walrus_accel_status_name(value);
    return {static_cast<status>(value), message, nullptr};
}

/// Makes a call, which is given the place for its error. Why it failed, if it did.
template <class Call>
std::optional<failure> attempt(Call &&call) {
    walrus_accel_error *place = nullptr;
    const walrus_accel_status value = std::forward<Call>(call)(&place);
    const error_handle reason(place);
    if (value == WALRUS_ACCEL_OK) {
        return std::nullopt;
    }
    return failure_from(value, reason.get());
}

/// The same, and throws if it failed.
template <class Call>
void demand(Call &&call) {
    if (const auto reason = attempt(std::forward<Call>(call))) {
        reason->raise();
    }
}

/// The first exception that a callable throws. It is kept here because nothing may unwind into C.
class first_exception {
public:
    void keep(std::exception_ptr thrown) noexcept {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!first_) {
            first_ = std::move(thrown);
        }
    }

    std::exception_ptr get() const noexcept {
        const std::lock_guard<std::mutex> lock(mutex_);
        return first_;
    }

private:
    mutable std::mutex mutex_;
    std::exception_ptr first_;
};

/// Ended by a NUL, it must not have one inside: C would see another text.
inline std::string c_text(std::string text, const char *parameter) {
    if (text.find('\0') != std::string::npos) {
        throw error(status::invalid_argument, "`" + std::string(parameter) + "` has a NUL in it");
    }
    return text;
}

/// As the library takes paths: any bytes on Unix, UTF-8 elsewhere.
inline std::string c_path(const std::filesystem::path &path, const char *parameter) {
#ifdef _WIN32
    const auto text = path.u8string();
    return c_text(std::string(text.begin(), text.end()), parameter);
#else
    return c_text(path.native(), parameter);
#endif
}

inline std::filesystem::path path_from(std::string_view text) {
#if defined(_WIN32) && defined(__cpp_char8_t)
    return std::filesystem::path(std::u8string(text.begin(), text.end()));
#elif defined(_WIN32)
    return std::filesystem::u8path(text);
#else
    return std::filesystem::path(text);
#endif
}

inline const char *or_null(const std::string &text) noexcept {
    return text.empty() ? nullptr : text.c_str();
}

} // namespace detail

// -------------------------------------------------------------------------------------------------------
// Versions
// -------------------------------------------------------------------------------------------------------

/// The version of the library that runs, such as "0.1.0", valid as long as the process runs.
inline std::string_view version() noexcept { return walrus_accel_version(); }

/// Throws error with status::other unless the library that runs has the binary interface that this header
/// was written for. The constructor of runtime calls it.
inline void check_abi() {
    const std::uint32_t found = walrus_accel_abi_version();
    if (found != WALRUS_ACCEL_ABI_VERSION) {
        throw error(status::other, "libwalrus_accel " + std::string(version()) +
                                       " has version " + std::to_string(found) +
                                       " of the binary interface, and version " +
                                       std::to_string(WALRUS_ACCEL_ABI_VERSION) +
                                       " is needed: install the one that the header came with");
    }
}

// -------------------------------------------------------------------------------------------------------
// Slivers and blob IDs
// -------------------------------------------------------------------------------------------------------

/// The two axes of the matrix of symbols.
enum class axis : std::uint32_t {
    /// Rows: primary slivers.
    primary = WALRUS_ACCEL_AXIS_PRIMARY,
    /// Columns: secondary slivers.
    secondary = WALRUS_ACCEL_AXIS_SECONDARY,
};

namespace detail {

constexpr std::uint32_t number_of(axis along) noexcept { return static_cast<std::uint32_t>(along); }

} // namespace detail

/// The hash that an encoding is committed to with.
enum class commitment : std::uint32_t {
    /// Blake2b-256: the network's.
    blake2b = WALRUS_ACCEL_COMMITMENT_BLAKE2B,
    /// BLAKE3: a private profile, with blob IDs of its own, for users outside the network.
    blake3 = WALRUS_ACCEL_COMMITMENT_BLAKE3,
};

/// A root of a Merkle tree.
using hash = std::array<std::uint8_t, 32>;

/// The name of a blob: a hash over its length and the roots of its slivers.
struct blob_id {
    /// Its bytes.
    std::array<std::uint8_t, WALRUS_ACCEL_BLOB_ID_LENGTH> bytes{};

    /// 43 characters of URL-safe base64.
    std::string text() const {
        std::array<char, WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH> buffer{};
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_blob_id_to_text(bytes.data(), buffer.data(), buffer.size(), reason);
        });
        return buffer.data();
    }

    /// Reads what text() gives. Throws error with status::invalid_argument if the text is no blob ID.
    static blob_id parse(std::string_view text) {
        const std::string given = detail::c_text(std::string(text), "text");
        blob_id id;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_blob_id_from_text(given.c_str(), id.bytes.data(), reason);
        });
        return id;
    }

    friend bool operator==(const blob_id &left, const blob_id &right) noexcept {
        return left.bytes == right.bytes;
    }
    friend bool operator!=(const blob_id &left, const blob_id &right) noexcept {
        return left.bytes != right.bytes;
    }
    /// By the bytes.
    friend bool operator<(const blob_id &left, const blob_id &right) noexcept {
        return left.bytes < right.bytes;
    }
};

/// What follows from a number of shards and a blob's length.
struct shape {
    /// The blob's length in bytes.
    std::uint64_t blob_length = 0;
    /// The length in bytes of a primary sliver as BCS SliverData: the body that a storage node takes.
    std::uint64_t primary_length = 0;
    /// The length in bytes of a secondary sliver as BCS SliverData.
    std::uint64_t secondary_length = 0;
    /// The length in bytes of the metadata with its ID, as BCS BlobMetadataWithId.
    std::uint64_t metadata_length = 0;
    /// The bytes that the network accounts for the blob: all slivers, and the metadata on every shard.
    std::uint64_t stored_length = 0;
    /// The size of a symbol in bytes: even, from 2 to 65,534.
    std::uint32_t symbol_size = 0;
    /// The bytes before the symbols of a primary sliver in BCS SliverData. Encoding into buffers is fastest
    /// if the symbols begin at multiples of 64 bytes.
    std::uint32_t primary_header_length = 0;
    /// The same for a secondary sliver.
    std::uint32_t secondary_header_length = 0;
    /// The number of shards, and of sliver pairs.
    std::uint16_t n_shards = 0;
    /// How many primary slivers decode the blob; the number of symbols in a secondary one.
    std::uint16_t rows = 0;
    /// How many secondary slivers decode the blob; the number of symbols in a primary one.
    std::uint16_t columns = 0;
    /// The length in bytes of a symbol without a proof, as BCS DecodingSymbol.
    std::uint32_t decoding_symbol_length = 0;
    /// The greatest length in bytes of a symbol with its proof, as BCS GeneralRecoverySymbol.
    std::uint32_t recovery_symbol_length = 0;

    /// The shape of a blob of `blob_length` bytes for `n_shards` shards. Throws error with
    /// status::invalid_argument for a number of shards that the code does not have, and with
    /// status::blob_too_large.
    static shape of(std::uint16_t n_shards, std::uint64_t blob_length);

    /// The length in bytes of a sliver of an axis as BCS SliverData.
    std::uint64_t sliver_length(axis along) const noexcept {
        return along == axis::primary ? primary_length : secondary_length;
    }
};

namespace detail {

template <class Call>
shape shape_from(Call &&call) {
    walrus_accel_shape found = WALRUS_ACCEL_SHAPE_INIT;
    demand([&](walrus_accel_error **reason) { return call(&found, reason); });
    shape told;
    told.blob_length = found.blob_length;
    told.primary_length = found.primary_length;
    told.secondary_length = found.secondary_length;
    told.metadata_length = found.metadata_length;
    told.stored_length = found.stored_length;
    told.symbol_size = found.symbol_size;
    told.primary_header_length = found.primary_header_length;
    told.secondary_header_length = found.secondary_header_length;
    told.n_shards = found.n_shards;
    told.rows = found.rows;
    told.columns = found.columns;
    told.decoding_symbol_length = found.decoding_symbol_length;
    told.recovery_symbol_length = found.recovery_symbol_length;
    return told;
}

} // namespace detail

inline shape shape::of(std::uint16_t n_shards, std::uint64_t blob_length) {
    return detail::shape_from([&](walrus_accel_shape *place, walrus_accel_error **reason) {
        return walrus_accel_shape_compute(n_shards, blob_length, place, reason);
    });
}

/// The length in bytes of the longest blob for `n_shards` shards. Throws error with
/// status::invalid_argument for a number of shards that the code does not have.
inline std::uint64_t max_blob_length(std::uint16_t n_shards) {
    std::uint64_t length = 0;
    detail::demand([&](walrus_accel_error **reason) {
        return walrus_accel_max_blob_length(n_shards, &length, reason);
    });
    return length;
}

/// The index, along its axis, of a sliver of a pair: what BCS SliverData holds. Throws error with
/// status::invalid_argument for a pair that does not exist.
inline std::uint16_t sliver_index(std::uint16_t n_shards, axis along, std::uint16_t pair) {
    std::uint16_t index = 0;
    detail::demand([&](walrus_accel_error **reason) {
        return walrus_accel_sliver_index(n_shards, detail::number_of(along), pair, &index, reason);
    });
    return index;
}

/// The pair of the sliver with this index along its axis. Throws as sliver_index.
inline std::uint16_t sliver_pair(std::uint16_t n_shards, axis along, std::uint16_t index) {
    std::uint16_t pair = 0;
    detail::demand([&](walrus_accel_error **reason) {
        return walrus_accel_sliver_pair(n_shards, detail::number_of(along), index, &pair, reason);
    });
    return pair;
}

/// The shard that stores a pair of a blob. Throws error with status::invalid_argument for a pair that
/// does not exist.
inline std::uint16_t shard_of_pair(std::uint16_t n_shards, const blob_id &id, std::uint16_t pair) {
    std::uint16_t shard = 0;
    detail::demand([&](walrus_accel_error **reason) {
        return walrus_accel_shard_of_pair(n_shards, id.bytes.data(), pair, &shard, reason);
    });
    return shard;
}

/// The pair of a blob that a shard stores. Throws error with status::invalid_argument for a shard that
/// does not exist.
inline std::uint16_t pair_of_shard(std::uint16_t n_shards, const blob_id &id, std::uint16_t shard) {
    std::uint16_t pair = 0;
    detail::demand([&](walrus_accel_error **reason) {
        return walrus_accel_pair_of_shard(n_shards, id.bytes.data(), shard, &pair, reason);
    });
    return pair;
}

/// The primary slivers in whose symbols a byte range of a blob lies, as the index of the first one and
/// their number: those alone are enough to read it, with reader::read_range. Throws error with
/// status::invalid_argument for a range that is not all in the blob.
inline std::pair<std::uint16_t, std::uint16_t> rows_of_range(std::uint16_t n_shards,
                                                             std::uint64_t blob_length,
                                                             std::uint64_t offset, std::uint64_t length) {
    std::pair<std::uint16_t, std::uint16_t> rows;
    detail::demand([&](walrus_accel_error **reason) {
        return walrus_accel_rows_of_range(n_shards, blob_length, offset, length, &rows.first, &rows.second,
                                          reason);
    });
    return rows;
}

// -------------------------------------------------------------------------------------------------------
// Devices
// -------------------------------------------------------------------------------------------------------

/// The kinds of graphics devices.
enum class device_kind : std::uint32_t {
    /// With memory of its own.
    discrete = WALRUS_ACCEL_DEVICE_DISCRETE,
    /// Shares the processor's memory.
    integrated = WALRUS_ACCEL_DEVICE_INTEGRATED,
    /// A part of a device, handed to a virtual machine.
    virtual_machine = WALRUS_ACCEL_DEVICE_VIRTUAL,
    /// The driver does not tell.
    other = WALRUS_ACCEL_DEVICE_OTHER,
    /// A driver that runs on the processor: right, and slow. It is used only if it is named, or with
    /// WALRUS_ACCEL_ALLOW_SOFTWARE=1 in the environment.
    software = WALRUS_ACCEL_DEVICE_SOFTWARE,
};

/// A graphics device. Texts are UTF-8.
struct device {
    /// Its number, which runtime_options::device takes as text.
    std::uint64_t index = 0;
    /// The bytes of its largest memory; 0 if the driver does not say.
    std::uint64_t memory = 0;
    /// Its name.
    std::string name;
    /// The interface that it is reached by: "vulkan", "metal" or "dx12".
    std::string backend;
    /// The driver and its version.
    std::string driver;
    /// Where it is on the PCI bus; empty if the driver does not say.
    std::string bus;
    /// Why it cannot be used; nothing if it can.
    std::optional<std::string> unusable;
    /// What kind of device it is.
    device_kind kind = device_kind::other;
};

/// The graphics devices, software drivers too. It loads the drivers, which takes some 100 ms and some
/// tens of MB. Empty if there is none, no driver, or the library was built without them.
inline std::vector<device> devices() {
    detail::devices_handle list;
    std::size_t count = 0;
    detail::demand([&](walrus_accel_error **reason) {
        return walrus_accel_devices_list(detail::receiving(list), &count, reason);
    });
    std::vector<device> found;
    for (std::size_t number = 0; number < count; ++number) {
        walrus_accel_device told = WALRUS_ACCEL_DEVICE_INIT;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_devices_get(list.get(), number, &told, reason);
        });
        device one;
        one.index = told.index;
        one.memory = told.memory;
        one.name = told.name;
        one.backend = told.backend;
        one.driver = told.driver;
        one.bus = told.bus;
        if (told.unusable) {
            one.unusable = told.unusable;
        }
        one.kind = static_cast<device_kind>(told.kind);
        found.push_back(std::move(one));
    }
    return found;
}

// -------------------------------------------------------------------------------------------------------
// Controls
// -------------------------------------------------------------------------------------------------------

/// State of a job, in bytes of the blob (or of the slivers that are verified); of a batch in blobs. `total` is 0 while it has not started, and 1 for an empty blob.
struct progress {
    std::uint64_t done = 0;
    std::uint64_t total = 0;
};

/// Watches and cancels one call, from any thread. Made before the call, and destroyed after it.
class control {
public:
    /// Throws error.
    control() {
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_control_new(detail::receiving(handle_), reason);
        });
    }

    /// Asks the call to stop: it fails with status::cancelled after the piece of work at hand, some
    /// milliseconds, and leaves nothing behind. A control stays cancelled: later calls with it stop at
    /// once.
    void cancel() const {
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_control_cancel(handle_.get(), reason);
        });
    }

    /// How far the call has come.
    walrus_accel::progress progress() const {
        walrus_accel::progress told;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_control_progress(handle_.get(), &told.done, &told.total, reason);
        });
        return told;
    }

    /// The engine that does it, or did it: "cpu", "gpu" or "reference"; empty while none is at work yet.
    std::string_view engine() const {
        const char *name = nullptr;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_control_engine(handle_.get(), &name, reason);
        });
        return name == nullptr ? std::string_view() : std::string_view(name);
    }

private:
    friend class control_ref;
    detail::control_handle handle_;
};

/// The control that a call is given, or none. The control must outlive the call.
class control_ref {
public:
    /// None.
    control_ref() noexcept = default;

    control_ref(const control &given) noexcept : control_(&given) {}

private:
    friend class runtime;
    friend class reader;

    /// A control that was moved from is not none: whoever wants to cancel must learn of it.
    std::optional<failure> fault() const {
        if (control_ && !control_->handle_) {
            return failure{status::invalid_argument, "the control was moved from: make another", nullptr};
        }
        return std::nullopt;
    }

    const walrus_accel_control *get() const noexcept {
        return control_ ? control_->handle_.get() : nullptr;
    }

    const control *control_ = nullptr;
};

namespace detail {

struct requesting;
template <class Value>
class errand;

} // namespace detail

// -------------------------------------------------------------------------------------------------------
// Metadata
// -------------------------------------------------------------------------------------------------------

/// The metadata of a blob, with its ID: the commitment hash, the blob's length, and the Merkle roots of
/// all slivers. A handle.
class metadata {
public:
    /// Reads metadata from BCS BlobMetadataWithId, and verifies it: its ID is computed anew, and the
    /// number of sliver pairs compared with the committee's. So whoever trusts the blob ID can trust the
    /// metadata.
    ///
    /// `bcs`: read during the call. `n_shards`: the committee's; 0 for the network's 1,000. `expected`:
    /// the blob ID that was asked for; without it, the one in the bytes is taken. Throws error with
    /// status::malformed; with status::invalid_metadata for another blob's, another committee's, or one
    /// whose ID does not belong to it; with status::blob_too_large; with status::out_of_memory.
    static metadata from_bcs(span<const std::uint8_t> bcs, std::uint16_t n_shards = 0,
                             std::optional<walrus_accel::blob_id> expected = std::nullopt) {
        return try_from_bcs(bcs, n_shards, expected).value();
    }

    /// The same, without exceptions.
    static result<metadata> try_from_bcs(span<const std::uint8_t> bcs, std::uint16_t n_shards = 0,
                                         std::optional<walrus_accel::blob_id> expected = std::nullopt) {
        metadata read;
        auto reason = detail::attempt([&](walrus_accel_error **place) {
            return walrus_accel_metadata_from_bcs(bcs.data(), bcs.size(), n_shards,
                                                  expected ? expected->bytes.data() : nullptr,
                                                  detail::receiving(read.handle_), place);
        });
        if (reason) {
            return std::move(*reason);
        }
        return read;
    }

    /// BCS BlobMetadataWithId. Without its first 32 bytes, the ID, that is BCS BlobMetadata: the body
    /// that a storage node takes.
    std::vector<std::uint8_t> to_bcs() const {
        std::size_t length = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_metadata_bcs_length(handle_.get(), &length, reason);
        });
        std::vector<std::uint8_t> bcs(length);
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_metadata_to_bcs(handle_.get(), bcs.data(), bcs.size(), reason);
        });
        return bcs;
    }

    /// The blob ID.
    walrus_accel::blob_id blob_id() const {
        walrus_accel::blob_id id;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_metadata_blob_id(handle_.get(), id.bytes.data(), reason);
        });
        return id;
    }

    /// The root of the tree over all pairs' roots: the network's "root hash".
    hash root_hash() const {
        hash root{};
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_metadata_root_hash(handle_.get(), root.data(), reason);
        });
        return root;
    }

    /// The Merkle root of one sliver; 32 zero bytes if the metadata leaves it empty. Throws error with
    /// status::not_found for a pair that does not exist.
    hash sliver_root(axis along, std::uint16_t pair) const {
        hash root{};
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_metadata_sliver_root(handle_.get(), detail::number_of(along), pair,
                                                     root.data(), reason);
        });
        return root;
    }

    /// The commitment hash.
    walrus_accel::commitment commitment() const {
        std::uint32_t found = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_metadata_commitment(handle_.get(), &found, reason);
        });
        return static_cast<walrus_accel::commitment>(found);
    }

    /// The shape of the encoding: number of shards, the blob's length, and all sizes that follow.
    walrus_accel::shape shape() const {
        return detail::shape_from([&](walrus_accel_shape *place, walrus_accel_error **reason) {
            return walrus_accel_metadata_shape(handle_.get(), place, reason);
        });
    }

private:
    friend class encoded;
    friend struct detail::requesting;

    metadata() = default;

    detail::metadata_handle handle_;
};

// -------------------------------------------------------------------------------------------------------
// Where blobs and slivers come from, and where they go
// -------------------------------------------------------------------------------------------------------

/// What a callable answers. One that returns void answers flow::go_on; one that fails throws.
enum class flow {
    /// It did what it should.
    go_on,
    /// The work stops, with status::cancelled.
    stop,
};

namespace detail {

/// A callable of either kind as one that answers. It is kept where all copies share it: so it need not be
/// one that can be copied.
template <class... Arguments, class Callable>
std::function<flow(Arguments...)> answering(Callable &&callable) {
    auto kept = std::make_shared<std::decay_t<Callable>>(std::forward<Callable>(callable));
    return [kept](Arguments... arguments) {
        if constexpr (std::is_void_v<std::invoke_result_t<std::decay_t<Callable> &, Arguments...>>) {
            std::invoke(*kept, arguments...);
            return flow::go_on;
        } else {
            return std::invoke(*kept, arguments...);
        }
    };
}

/// Calls a callable from C, and answers as the library wants it.
template <class Call>
std::int32_t answer(first_exception &thrown, Call &&call) noexcept {
    try {
        return std::forward<Call>(call)() == flow::stop ? 1 : 0;
    } catch (...) {
        thrown.keep(std::current_exception());
        return -1;
    }
}

struct held_source;
struct held_sink;

} // namespace detail

/// A blob to read.
class source {
public:
    /// A blob in memory, which is borrowed.
    static source memory(span<const std::uint8_t> blob) {
        source made(WALRUS_ACCEL_SOURCE_MEMORY);
        made.blob_ = blob;
        made.length_ = blob.size();
        return made;
    }

    /// A regular file. Throws error with status::invalid_argument for a path with a NUL in it.
    static source file(const std::filesystem::path &path) {
        source made(WALRUS_ACCEL_SOURCE_PATH);
        made.path_ = detail::c_path(path, "path");
        return made;
    }

    /// An open descriptor, which stays the caller's and may be closed when the call, or the one that
    /// submits the job, returns. A regular file is read by position, from its beginning, and its offset
    /// stays; anything else, such as a pipe, is read to its end into a temporary file. Not on Windows.
    static source descriptor(int open) {
        source made(WALRUS_ACCEL_SOURCE_DESCRIPTOR);
        made.descriptor_ = open;
        return made;
    }

    /// A blob of `length` bytes that a callable reads: read(std::uint64_t offset, span<std::uint8_t> out)
    /// fills `out` with the bytes from `offset` on, which lie inside the blob, and returns void or flow.
    /// It is called in no particular order, and for the same bytes more than once.
    template <class Reader>
    static source reader(std::uint64_t length, Reader &&read) {
        source made(WALRUS_ACCEL_SOURCE_CALLBACK);
        made.length_ = length;
        made.read_ = detail::answering<std::uint64_t, span<std::uint8_t>>(std::forward<Reader>(read));
        return made;
    }

private:
    friend struct detail::held_source;

    explicit source(std::uint32_t kind) : kind_(kind) {}

    std::uint32_t kind_;
    int descriptor_ = -1;
    span<const std::uint8_t> blob_;
    std::uint64_t length_ = 0;
    std::string path_;
    std::function<flow(std::uint64_t, span<std::uint8_t>)> read_;
};

/// A piece of a sliver.
struct piece {
    /// The bytes, valid while the callable runs.
    span<const std::uint8_t> bytes;
    /// Where they belong in the sliver as BCS SliverData, in bytes from its beginning.
    std::uint64_t offset = 0;
    /// The length in bytes of the sliver as BCS SliverData.
    std::uint64_t sliver_length = 0;
    /// The sliver's axis.
    walrus_accel::axis axis = walrus_accel::axis::primary;
    /// The sliver's pair.
    std::uint16_t pair = 0;
    /// The sliver's index along its axis.
    std::uint16_t index = 0;
};

/// Where the slivers of the chosen pairs go.
class sink {
public:
    /// No sliver is kept: metadata and blob ID alone.
    static sink none() { return sink(WALRUS_ACCEL_SINK_NONE); }

    /// The library keeps them: encoded::sliver gives them.
    static sink library() { return sink(WALRUS_ACCEL_SINK_LIBRARY); }

    /// Memory of the caller's: for each chosen pair in ascending order a primary sliver's and a secondary
    /// sliver's, each of exactly the length that shape tells. Its content is unspecified after a failure.
    static sink buffers(std::vector<span<std::uint8_t>> buffers) {
        sink made(WALRUS_ACCEL_SINK_BUFFERS);
        made.buffers_ = std::move(buffers);
        return made;
    }

    /// The directory in which one named by the blob ID is made, complete or not at all. `replace`: one
    /// that holds something else is replaced. Throws error with status::invalid_argument for a path with
    /// a NUL.
    static sink directory(const std::filesystem::path &path, bool replace = false) {
        sink made(WALRUS_ACCEL_SINK_DIRECTORY);
        made.path_ = detail::c_path(path, "path");
        made.replace_ = replace;
        return made;
    }

    /// A callable that takes pieces: write(const piece &) returns void or flow. The pieces of all slivers
    /// come in no particular order, do not overlap, and cover the slivers.
    template <class Writer>
    static sink callback(Writer &&write) {
        sink made(WALRUS_ACCEL_SINK_CALLBACK);
        made.write_ = detail::answering<const piece &>(std::forward<Writer>(write));
        return made;
    }

private:
    friend struct detail::held_sink;

    explicit sink(std::uint32_t kind) : kind_(kind) {}

    std::uint32_t kind_;
    bool replace_ = false;
    std::vector<span<std::uint8_t>> buffers_;
    std::string path_;
    std::function<flow(const piece &)> write_;
};

/// A sliver in memory, which is borrowed.
struct sliver {
    /// Its axis, which is not in the bytes.
    walrus_accel::axis axis = walrus_accel::axis::primary;
    /// Its BCS SliverData, as a storage node gives it.
    span<const std::uint8_t> bytes;
};

/// A sliver in memory, and the metadata of the blob that it is to belong to; both are borrowed.
struct blob_sliver {
    blob_sliver(const metadata &of, walrus_accel::sliver given) : blob(of), sliver(given) {}
    blob_sliver(const metadata &&of, walrus_accel::sliver given) = delete;

    /// The metadata of its blob.
    std::reference_wrapper<const metadata> blob;
    /// The sliver.
    walrus_accel::sliver sliver;
};

/// A sliver that is to be recovered.
struct target {
    /// Its axis.
    walrus_accel::axis axis = walrus_accel::axis::primary;
    /// Its pair.
    std::uint16_t pair = 0;
};

/// The slivers to decode or rebuild from.
class sliver_set {
public:
    /// Slivers in memory, in any order. Those that are not of the blob's shape, or given twice, are
    /// skipped, and surplus ones ignored.
    sliver_set(std::vector<sliver> slivers) : slivers_(std::move(slivers)) {}

    /// A directory, as sink::directory makes it, or what is left of it. Throws error with
    /// status::invalid_argument for a path with a NUL in it.
    static sliver_set directory(const std::filesystem::path &path) {
        sliver_set made{std::vector<sliver>()};
        made.directory_ = detail::c_path(path, "directory");
        return made;
    }

private:
    friend struct detail::requesting;

    std::vector<sliver> slivers_;
    std::optional<std::string> directory_;
};

/// Where a decoded blob goes.
class output {
public:
    /// The library keeps it: decoded::blob gives it.
    static output library() { return output(WALRUS_ACCEL_OUTPUT_LIBRARY); }

    /// Memory of the caller's, of exactly the blob's length.
    static output memory(span<std::uint8_t> buffer) {
        output made(WALRUS_ACCEL_OUTPUT_MEMORY);
        made.buffer_ = buffer;
        return made;
    }

    /// A file, which has its name only when it is complete; a regular file that exists is replaced, unless it
    /// is in the directory that is read. Throws error with status::invalid_argument for a path with a NUL in it.
    static output file(const std::filesystem::path &path) {
        output made(WALRUS_ACCEL_OUTPUT_FILE);
        made.path_ = detail::c_path(path, "path");
        return made;
    }

private:
    friend struct detail::requesting;

    explicit output(std::uint32_t kind) : kind_(kind) {}

    std::uint32_t kind_;
    span<std::uint8_t> buffer_;
    std::string path_;
};

// -------------------------------------------------------------------------------------------------------
// Requests
// -------------------------------------------------------------------------------------------------------

/// A blob to encode.
struct encode_request {
    explicit encode_request(source from) : blob(std::move(from)) {}

    /// The blob.
    source blob;
    /// Where the slivers go.
    sink slivers = sink::none();
    /// The pairs whose slivers go there; nothing for all. Repeated ones count once. The metadata covers
    /// all pairs in any case.
    std::optional<std::vector<std::uint16_t>> pairs;
    /// The commitment hash.
    walrus_accel::commitment commitment = walrus_accel::commitment::blake2b;
    /// The number of shards; 0 for the network's 1,000.
    std::uint16_t n_shards = 0;
};

/// How a decoded blob is checked.
enum class check : std::uint32_t {
    /// Its source rows hash to the roots in the metadata: no wrong blob passes.
    standard = WALRUS_ACCEL_CHECK_DEFAULT,
    /// It is encoded again and its ID compared: no inconsistent encoding passes either.
    strict = WALRUS_ACCEL_CHECK_STRICT,
    /// Not at all: a damaged sliver gives a wrong blob.
    skip = WALRUS_ACCEL_CHECK_SKIP,
};

/// A blob to decode. The metadata must outlive the call, or the one that submits the job.
struct decode_request {
    decode_request(const metadata &of, sliver_set from) : blob(of), slivers(std::move(from)) {}
    decode_request(const metadata &&of, sliver_set from) = delete;

    /// The metadata of the blob.
    std::reference_wrapper<const metadata> blob;
    /// What it is decoded from.
    sliver_set slivers;
    /// The axis whose slivers are used; nothing for the one of which there are enough, primary first.
    std::optional<walrus_accel::axis> axis;
    /// How it is checked.
    walrus_accel::check check = walrus_accel::check::standard;
    /// Where it goes.
    output to = output::library();
};

/// A blob to decode without metadata: nothing is checked, and a damaged sliver gives a wrong blob.
struct unchecked_request {
    unchecked_request(std::uint64_t blob_length, std::vector<sliver> given)
        : length(blob_length), slivers(std::move(given)) {}

    /// The length of the blob in bytes.
    std::uint64_t length;
    /// The slivers, in any order. All must have the shape of the blob.
    std::vector<sliver> slivers;
    /// The number of shards; 0 for the network's 1,000.
    std::uint16_t n_shards = 0;
    /// The axis whose slivers are used; nothing for the first with enough slivers, primary first.
    std::optional<walrus_accel::axis> axis;
    /// Where the blob goes.
    output to = output::library();
};

/// Slivers of one blob to verify, of both axes in any order; many at once are verified faster than one by
/// one. The metadata must outlive the call, or the one that submits the job.
struct verify_request {
    verify_request(const metadata &of, std::vector<sliver> given) : blob(of), slivers(std::move(given)) {}
    verify_request(const metadata &&of, std::vector<sliver> given) = delete;

    /// The metadata of the blob.
    std::reference_wrapper<const metadata> blob;
    /// The slivers.
    std::vector<sliver> slivers;
};

/// Slivers to rebuild from others. The metadata must outlive the call, or the one that submits the job.
struct rebuild_request {
    rebuild_request(const metadata &of, sliver_set given, sink rebuilt)
        : blob(of), from(std::move(given)), to(std::move(rebuilt)) {}
    rebuild_request(const metadata &&of, sliver_set given, sink rebuilt) = delete;

    /// The metadata of the blob.
    std::reference_wrapper<const metadata> blob;
    /// The slivers that are there.
    sliver_set from;
    /// Where the rebuilt ones go: not sink::none.
    sink to;
    /// The pairs to rebuild; nothing for all.
    std::optional<std::vector<std::uint16_t>> pairs;
    /// The axis whose slivers are used; nothing for the one of which there are enough, primary first.
    std::optional<walrus_accel::axis> axis;
};

// -------------------------------------------------------------------------------------------------------
// Results
// -------------------------------------------------------------------------------------------------------

/// What encoding, or rebuilding, gave: the metadata, and the slivers where the library keeps them. A
/// handle.
class encoded {
public:
    /// The metadata, which outlives this.
    walrus_accel::metadata metadata() const {
        walrus_accel::metadata found;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_encoded_metadata(handle_.get(), detail::receiving(found.handle_), reason);
        });
        return found;
    }

    /// A sliver that the library keeps, as BCS SliverData: the body that a storage node takes. Throws
    /// error with status::not_found if the pair was not chosen or the slivers went elsewhere.
    span<const std::uint8_t> sliver(axis along, std::uint16_t pair) const {
        const std::uint8_t *data = nullptr;
        std::size_t length = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_encoded_sliver(handle_.get(), detail::number_of(along), pair, &data,
                                               &length, reason);
        });
        return {data, length};
    }

    /// The directory that the slivers were written to. Throws error with status::not_found if they went
    /// elsewhere.
    std::filesystem::path path() const { return written().first; }

    /// Whether that directory held exactly these files before and was left as it was. Throws as path().
    bool was_already_there() const { return written().second; }

private:
    template <class Value>
    friend class detail::errand;

    explicit encoded(detail::encoded_handle &&handle) : handle_(std::move(handle)) {}

    std::pair<std::filesystem::path, bool> written() const {
        const char *path = nullptr;
        std::uint32_t already_there = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_encoded_path(handle_.get(), &path, &already_there, reason);
        });
        return {detail::path_from(path), already_there != 0};
    }

    detail::encoded_handle handle_;
};

/// What decoding gave: which slivers were used and which were damaged, and the blob where the library
/// keeps it. A handle.
class decoded {
public:
    /// The blob that the library keeps. Throws error with status::not_found if it went elsewhere.
    span<const std::uint8_t> blob() const { return lent<std::uint8_t>(walrus_accel_decoded_blob); }

    /// The axis of the slivers that the blob was decoded from.
    walrus_accel::axis axis() const {
        std::uint32_t found = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_decoded_axis(handle_.get(), &found, reason);
        });
        return static_cast<walrus_accel::axis>(found);
    }

    /// The numbers of the slivers that the blob was decoded from: their places in the request (or, of a
    /// directory, in the order of the files' names).
    span<const std::size_t> used() const { return lent<std::size_t>(walrus_accel_decoded_used); }

    /// The numbers of the slivers that were found damaged, and not used. Only a check that failed sets
    /// off the search for them; runtime::verify tells of all.
    span<const std::size_t> damaged() const { return lent<std::size_t>(walrus_accel_decoded_damaged); }

private:
    template <class Value>
    friend class detail::errand;
    friend class reader;

    explicit decoded(detail::decoded_handle &&handle) : handle_(std::move(handle)) {}

    template <class T, class Function>
    span<const T> lent(Function function) const {
        const T *data = nullptr;
        std::size_t length = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return function(handle_.get(), &data, &length, reason);
        });
        return {data, length};
    }

    detail::decoded_handle handle_;
};

/// What verifying found of a sliver.
enum class verdict : std::uint8_t {
    /// It belongs to the metadata.
    good = WALRUS_ACCEL_SLIVER_GOOD,
    /// Its bytes are no BCS SliverData.
    malformed = WALRUS_ACCEL_SLIVER_MALFORMED,
    /// Its index is beyond the committee.
    wrong_index = WALRUS_ACCEL_SLIVER_WRONG_INDEX,
    /// Its symbols are of another size or in another number than the blob's.
    wrong_size = WALRUS_ACCEL_SLIVER_WRONG_SIZE,
    /// The root over its expanded symbols is not the one in the metadata: its bytes, or its axis, are
    /// wrong.
    wrong_root = WALRUS_ACCEL_SLIVER_WRONG_ROOT,
};

/// What verifying found of a recovery symbol.
enum class symbol_verdict : std::uint8_t {
    /// Nobody looked at it.
    not_looked_at = 0,
    /// It belongs to the metadata, at the place that it claims.
    good = WALRUS_ACCEL_SYMBOL_GOOD,
    /// Its bytes are no symbol of the kind that was to be there.
    malformed = WALRUS_ACCEL_SYMBOL_MALFORMED,
    /// It recovers a sliver of the other axis.
    wrong_axis = WALRUS_ACCEL_SYMBOL_WRONG_AXIS,
    /// It recovers another sliver.
    wrong_target = WALRUS_ACCEL_SYMBOL_WRONG_TARGET,
    /// The sliver that it says it comes from is beyond the committee.
    wrong_source = WALRUS_ACCEL_SYMBOL_WRONG_SOURCE,
    /// It is of another size than the blob's symbols.
    wrong_size = WALRUS_ACCEL_SYMBOL_WRONG_SIZE,
    /// Its proof is not as long as the way to the root.
    wrong_path_length = WALRUS_ACCEL_SYMBOL_WRONG_PATH_LENGTH,
    /// Its proof does not lead to the root of the sliver that it comes from.
    wrong_proof = WALRUS_ACCEL_SYMBOL_WRONG_PROOF,
};

/// In what form a symbol travels.
enum class symbol_kind : std::uint32_t {
    /// With the proof that it belongs to its sliver's root: BCS GeneralRecoverySymbol.
    recovery = WALRUS_ACCEL_SYMBOL_KIND_RECOVERY,
    /// Alone: BCS DecodingSymbol.
    decoding = WALRUS_ACCEL_SYMBOL_KIND_DECODING,
};

/// All symbols of a sliver and the Merkle tree over them: each symbol serves to recover a sliver of the
/// other axis. Made once and kept, it makes serving a symbol cost a copy. A handle.
class expanded {
public:
    /// The axis of the sliver. Its symbols recover slivers of the other one.
    walrus_accel::axis axis() const {
        return static_cast<walrus_accel::axis>(told<std::uint32_t>(walrus_accel_expanded_axis));
    }

    /// The index of the sliver along its axis.
    std::uint16_t index() const { return told<std::uint16_t>(walrus_accel_expanded_index); }

    /// The memory in bytes that this takes.
    std::size_t memory() const { return told<std::size_t>(walrus_accel_expanded_memory); }

    /// The Merkle root over the symbols: the one that the metadata has of the sliver.
    hash root() const {
        hash root{};
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_expanded_root(handle_.get(), root.data(), reason);
        });
        return root;
    }

    /// The symbol that recovers the other axis's sliver of a pair. Throws error with
    /// status::invalid_argument for a pair that does not exist.
    std::vector<std::uint8_t> symbol(std::uint16_t pair, symbol_kind kind = symbol_kind::recovery) const {
        std::size_t length = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_expanded_symbols_length(
                handle_.get(), static_cast<std::uint32_t>(kind), &pair, 1, &length, reason);
        });
        std::vector<std::uint8_t> bytes(length);
        (void)write(span<const std::uint16_t>(&pair, 1), bytes, kind);
        return bytes;
    }

    /// Writes the symbols for some pairs to memory of the caller's, one behind the other: the greatest
    /// length of a symbol, as a shape tells it, for each is enough. Gives where each of them ends. Throws
    /// error with status::invalid_argument for a pair that does not exist, or a buffer that is too short.
    std::vector<std::size_t> write(span<const std::uint16_t> pairs, span<std::uint8_t> buffer,
                                   symbol_kind kind = symbol_kind::recovery) const {
        std::vector<std::size_t> ends(pairs.size());
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_expanded_symbols(handle_.get(), static_cast<std::uint32_t>(kind),
                                                 pairs.data(), pairs.size(), buffer.data(), buffer.size(),
                                                 ends.data(), reason);
        });
        return ends;
    }

private:
    friend class runtime;

    expanded() = default;

    template <class T, class Function>
    T told(Function function) const {
        T found = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return function(handle_.get(), &found, reason);
        });
        return found;
    }

    detail::expanded_handle handle_;
};

/// What recovery symbols gave: a sliver, or the proof that there is none. A handle.
class recovered {
public:
    /// Whether it is a sliver: otherwise it is the proof that the blob was encoded inconsistently.
    bool is_sliver() const {
        std::uint32_t kind = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_recovered_kind(handle_.get(), &kind, reason);
        });
        return kind == WALRUS_ACCEL_RECOVERED_SLIVER;
    }

    /// The sliver, as BCS SliverData; it belongs to the metadata. Throws error with status::not_found if
    /// there is a proof instead.
    span<const std::uint8_t> sliver() const { return lent<std::uint8_t>(walrus_accel_recovered_sliver); }

    /// The proof, as BCS InconsistencyProof. Throws error with status::not_found if there is a sliver.
    span<const std::uint8_t> proof() const { return lent<std::uint8_t>(walrus_accel_recovered_proof); }

    /// The numbers of the symbols that were used: their places among those given. None if they had no
    /// proofs.
    span<const std::size_t> used() const { return lent<std::size_t>(walrus_accel_recovered_used); }

    /// The numbers of those that were found wrong on the way, and what is wrong with each.
    std::vector<std::pair<std::size_t, symbol_verdict>> refused() const {
        const std::size_t *numbers = nullptr;
        const std::uint8_t *verdicts = nullptr;
        std::size_t count = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_recovered_refused(handle_.get(), &numbers, &verdicts, &count, reason);
        });
        std::vector<std::pair<std::size_t, symbol_verdict>> told;
        told.reserve(count);
        for (std::size_t number = 0; number < count; ++number) {
            told.emplace_back(numbers[number], static_cast<symbol_verdict>(verdicts[number]));
        }
        return told;
    }

private:
    friend class runtime;

    recovered() = default;

    template <class T, class Function>
    span<const T> lent(Function function) const {
        const T *data = nullptr;
        std::size_t length = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return function(handle_.get(), &data, &length, reason);
        });
        return {data, length};
    }

    detail::recovered_handle handle_;
};

/// What verifying found of an inconsistency proof.
enum class proof_verdict : std::uint32_t {
    /// The blob was encoded inconsistently.
    proven = WALRUS_ACCEL_PROOF_PROVEN,
    /// The bytes are no BCS InconsistencyProof.
    malformed = WALRUS_ACCEL_PROOF_MALFORMED,
    /// It is of a sliver beyond the committee.
    wrong_target = WALRUS_ACCEL_PROOF_WRONG_TARGET,
    /// It has not exactly as many symbols as recover a sliver.
    wrong_count = WALRUS_ACCEL_PROOF_WRONG_COUNT,
    /// Two symbols come from the same sliver.
    repeated_source = WALRUS_ACCEL_PROOF_REPEATED_SOURCE,
    /// A symbol does not belong to the metadata.
    wrong_symbol = WALRUS_ACCEL_PROOF_WRONG_SYMBOL,
    /// The sliver that it recovers belongs to the metadata: nothing is inconsistent.
    consistent = WALRUS_ACCEL_PROOF_CONSISTENT,
};

/// What verifying found of an inconsistency proof, and where.
struct proof_finding {
    /// What it is.
    proof_verdict verdict = proof_verdict::malformed;
    /// The number of the symbol that is wrong, if one is.
    std::size_t symbol = 0;
    /// What is wrong with that, if it does not belong to the metadata.
    walrus_accel::symbol_verdict symbol_verdict = walrus_accel::symbol_verdict::not_looked_at;
};

/// What became of a sliver that a reader was handed.
enum class outcome : std::uint32_t {
    /// It is good, and the reader keeps a copy.
    kept = WALRUS_ACCEL_ADDED_KEPT,
    /// It is not needed. It may not have been verified.
    surplus = WALRUS_ACCEL_ADDED_SURPLUS,
    /// It does not belong to the blob.
    damaged = WALRUS_ACCEL_ADDED_DAMAGED,
};

/// The same, and why.
struct added {
    walrus_accel::outcome outcome = walrus_accel::outcome::surplus;
    /// What is wrong with one that is damaged.
    walrus_accel::verdict verdict = walrus_accel::verdict::good;
};

/// A sliver that a reader has seen.
struct seen_sliver {
    /// Its axis.
    walrus_accel::axis axis = walrus_accel::axis::primary;
    /// Its index along the axis. A damaged one may say anything.
    std::uint16_t index = 0;
    /// What is wrong with one that is damaged, by the latest one of that name.
    walrus_accel::verdict verdict = walrus_accel::verdict::good;
};

/// What a reader has seen so far, in the order of axes and indices.
struct reader_report {
    /// The slivers that it keeps.
    std::vector<seen_sliver> kept;
    /// Those that were damaged.
    std::vector<seen_sliver> damaged;
    /// Those that were not needed.
    std::vector<seen_sliver> surplus;
};

/// What is wrong with a file.
enum class problem_kind : std::uint32_t {
    /// It should be there and is not.
    missing = WALRUS_ACCEL_PROBLEM_MISSING,
    /// It is there and does not hold what it should.
    damaged = WALRUS_ACCEL_PROBLEM_DAMAGED,
    /// It is there and nothing is known of it.
    foreign = WALRUS_ACCEL_PROBLEM_FOREIGN,
};

/// A file with which something is wrong.
struct problem {
    /// The file. It may be a stranger's name.
    std::filesystem::path path;
    /// What is wrong, in UTF-8.
    std::string reason;
    /// The same, for programs.
    problem_kind kind = problem_kind::missing;
};

/// What was found in a directory of slivers.
struct directory_report {
    /// How many files were looked at.
    std::size_t checked = 0;
    /// What is wrong; empty if nothing is.
    std::vector<problem> problems;
};

/// How a directory of slivers is verified.
enum class scrutiny : std::uint32_t {
    /// Every sliver against the metadata.
    full = 0,
    /// Every file against the manifest: finds damage done since it was written, as fast as files can be
    /// read.
    quick = 1,
};

// -------------------------------------------------------------------------------------------------------
// What a call, or a job, needs until it has ended
// -------------------------------------------------------------------------------------------------------

namespace detail {

/// A source as the library takes it. It stays where it is: the library has its address.
struct held_source {
    held_source(source given, first_exception &thrown) : source_(std::move(given)), thrown_(thrown) {
        told.kind = source_.kind_;
        told.descriptor = source_.descriptor_;
        told.data = source_.blob_.data();
        told.length = source_.length_;
        told.path = source_.path_.c_str();
        told.read = &read;
        told.user_data = this;
    }
    held_source(const held_source &) = delete;
    held_source &operator=(const held_source &) = delete;

    walrus_accel_source told = WALRUS_ACCEL_SOURCE_INIT;

private:
    static std::int32_t read(std::uint64_t offset, std::uint8_t *out, std::size_t length,
                             void *user_data) noexcept {
        auto &self = *static_cast<held_source *>(user_data);
        return answer(self.thrown_, [&] {
            return self.source_.read_(offset, span<std::uint8_t>(out, length));
        });
    }

    source source_;
    first_exception &thrown_;
};

/// A sink as the library takes it.
struct held_sink {
    held_sink(sink given, first_exception &thrown) : sink_(std::move(given)), thrown_(thrown) {
        for (const auto &buffer : sink_.buffers_) {
            buffers_.push_back({buffer.data(), buffer.size()});
        }
        told.kind = sink_.kind_;
        told.replace = sink_.replace_ ? 1 : 0;
        told.buffers = buffers_.data();
        told.buffer_count = buffers_.size();
        if (sink_.kind_ == WALRUS_ACCEL_SINK_DIRECTORY) {
            told.path = sink_.path_.c_str();
        } else if (sink_.kind_ == WALRUS_ACCEL_SINK_CALLBACK) {
            told.write = &write;
        }
        told.user_data = this;
    }
    held_sink(const held_sink &) = delete;
    held_sink &operator=(const held_sink &) = delete;

    walrus_accel_sink told = WALRUS_ACCEL_SINK_INIT;

private:
    static std::int32_t write(const walrus_accel_piece *given, void *user_data) noexcept {
        auto &self = *static_cast<held_sink *>(user_data);
        return answer(self.thrown_, [&] {
            piece one;
            one.bytes = {given->data, given->length};
            one.offset = given->offset;
            one.sliver_length = given->sliver_length;
            one.axis = static_cast<axis>(given->axis);
            one.pair = given->pair;
            one.index = given->index;
            return self.sink_.write_(one);
        });
    }

    sink sink_;
    first_exception &thrown_;
    std::vector<walrus_accel_buffer> buffers_;
};

/// The fields that requests have in common, as the library takes them.
struct requesting {
    static const walrus_accel_metadata *blob(const metadata &given) noexcept {
        return given.handle_.get();
    }

    static std::vector<walrus_accel_sliver> slivers(const std::vector<sliver> &given) {
        std::vector<walrus_accel_sliver> told;
        told.reserve(given.size());
        for (const auto &one : given) {
            told.push_back({one.bytes.data(), one.bytes.size(), static_cast<std::uint32_t>(one.axis)});
        }
        return told;
    }

    static std::uint32_t axis_or_any(const std::optional<axis> &given) noexcept {
        return given ? number_of(*given) : WALRUS_ACCEL_AXIS_ANY;
    }

    template <class Request>
    static void pairs(const std::optional<std::vector<std::uint16_t>> &given, Request &told) noexcept {
        if (given) {
            told.pairs = given->data();
            told.pair_count = given->size();
            told.pair_choice = WALRUS_ACCEL_PAIRS_LISTED;
        }
    }

    template <class Request>
    static void from(const sliver_set &given, const std::vector<walrus_accel_sliver> &slivers,
                     Request &told) {
        if (given.directory_) {
            told.directory = given.directory_->c_str();
        } else {
            told.slivers = slivers.data();
            told.sliver_count = slivers.size();
        }
    }

    static const std::vector<sliver> &memory(const sliver_set &given) noexcept { return given.slivers_; }

    static walrus_accel_sliver one(const sliver &given) noexcept {
        return {given.bytes.data(), given.bytes.size(), number_of(given.axis)};
    }

    static std::vector<walrus_accel_symbol> symbols(span<const span<const std::uint8_t>> given) {
        std::vector<walrus_accel_symbol> told;
        told.reserve(given.size());
        for (const auto &bytes : given) {
            told.push_back({bytes.data(), bytes.size()});
        }
        return told;
    }

    template <class Request>
    static void recovering(const metadata &of, const target &wanted,
                           const std::vector<walrus_accel_symbol> &symbols, Request &told) noexcept {
        told.metadata = blob(of);
        told.symbols = symbols.data();
        told.symbol_count = symbols.size();
        told.axis = number_of(wanted.axis);
        told.target = wanted.pair;
    }

    template <class Request>
    static void to(const output &given, Request &told) noexcept {
        told.output_kind = given.kind_;
        told.output = given.buffer_.data();
        told.output_length = given.buffer_.size();
        if (given.kind_ == WALRUS_ACCEL_OUTPUT_FILE) {
            told.output_path = given.path_.c_str();
        }
    }
};

/// What is done when a job has ended.
class ending : public std::enable_shared_from_this<ending> {
public:
    ending() = default;
    ending(const ending &) = delete;
    ending &operator=(const ending &) = delete;
    virtual ~ending() = default;

    /// Before the job is submitted. The function that the library shall call; null if there is nothing to
    /// do.
    walrus_accel_ended_function prepare(std::function<void()> completed) {
        completed_ = std::move(completed);
        has_returned_ = !completed_;
        return completed_ ? &ended : nullptr;
    }

    /// Waits until the callable has returned, so that what it throws is known, unless it is what asks.
    void await_return() const {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this] { return has_returned_ || caller_ == std::this_thread::get_id(); });
    }

protected:
    /// What the function that prepare() gives is to be given.
    void *user_data() noexcept { return this; }

    first_exception thrown_;

private:
    static void ended(void *user_data) noexcept {
        // The callable may destroy the job, which is the other owner.
        const auto self = static_cast<ending *>(user_data)->shared_from_this();
        {
            const std::lock_guard<std::mutex> lock(self->mutex_);
            self->caller_ = std::this_thread::get_id();
        }
        try {
            self->completed_();
        } catch (...) {
            self->thrown_.keep(std::current_exception());
        }
        const std::lock_guard<std::mutex> lock(self->mutex_);
        self->has_returned_ = true;
        self->changed_.notify_all();
    }

    std::function<void()> completed_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::thread::id caller_;
    bool has_returned_ = true;
};

/// A call, or a job, that gives a value. It owns what the library looks at until it has ended.
template <class Value>
class errand : public ending {
public:
    using value_type = Value;

    /// Takes the result of a job.
    virtual walrus_accel_status take(const walrus_accel_job *job, walrus_accel_error **reason) = 0;

    /// What the call, or take, gave.
    virtual Value value() = 0;

    /// The result of a call, or of take, that failed for `reason`, if it did.
    result<Value> conclude(std::optional<failure> reason) {
        const auto thrown = thrown_.get();
        if (!reason && !thrown) {
            return value();
        }
        if (!reason) {
            reason = failure{status::callback_failed, "the completion threw an exception", nullptr};
        }
        reason->cause = thrown;
        return std::move(*reason);
    }

protected:
    template <class Handle>
    static Value owner(Handle &handle) {
        return Value(std::move(handle));
    }
};

/// The part of encoding and rebuilding that is the same.
class giving_slivers : public errand<encoded> {
public:
    walrus_accel_status take(const walrus_accel_job *job, walrus_accel_error **reason) override {
        return walrus_accel_job_take_encoded(job, receiving(handle_), reason);
    }

    encoded value() override { return owner(handle_); }

protected:
    encoded_handle handle_;
};

class encoding final : public giving_slivers {
public:
    using request_type = encode_request;
    using result_type = walrus_accel_encode_result;

    explicit encoding(const encode_request &request)
        : source_(request.blob, thrown_), sink_(request.slivers, thrown_), pairs_(request.pairs) {
        told.source = &source_.told;
        told.sink = &sink_.told;
        requesting::pairs(pairs_, told);
        told.commitment = static_cast<std::uint32_t>(request.commitment);
        told.n_shards = request.n_shards;
    }

    walrus_accel_status run(const walrus_accel_runtime *runtime, const walrus_accel_control *by,
                            walrus_accel_error **reason) {
        return walrus_accel_encode(runtime, &told, by, receiving(handle_), reason);
    }

    walrus_accel_status submit(const walrus_accel_runtime *runtime, walrus_accel_ended_function tell,
                               walrus_accel_job **job, walrus_accel_error **reason) {
        return walrus_accel_submit_encode(runtime, &told, tell, user_data(), job, reason);
    }

    static constexpr auto run_batch = walrus_accel_encode_batch;

    void receive(const result_type &found) { handle_.reset(found.encoded); }

    walrus_accel_encode_request told = WALRUS_ACCEL_ENCODE_REQUEST_INIT;

private:
    held_source source_;
    held_sink sink_;
    std::optional<std::vector<std::uint16_t>> pairs_;
};

class rebuilding final : public giving_slivers {
public:
    using request_type = rebuild_request;

    explicit rebuilding(const rebuild_request &request)
        : from_(request.from), slivers_(requesting::slivers(requesting::memory(from_))),
          sink_(request.to, thrown_), pairs_(request.pairs) {
        told_.metadata = requesting::blob(request.blob);
        requesting::from(from_, slivers_, told_);
        requesting::pairs(pairs_, told_);
        told_.sink = &sink_.told;
        told_.axis = requesting::axis_or_any(request.axis);
    }

    walrus_accel_status run(const walrus_accel_runtime *runtime, const walrus_accel_control *by,
                            walrus_accel_error **reason) {
        return walrus_accel_rebuild(runtime, &told_, by, receiving(handle_), reason);
    }

    walrus_accel_status submit(const walrus_accel_runtime *runtime, walrus_accel_ended_function tell,
                               walrus_accel_job **job, walrus_accel_error **reason) {
        return walrus_accel_submit_rebuild(runtime, &told_, tell, user_data(), job, reason);
    }

private:
    walrus_accel_rebuild_request told_ = WALRUS_ACCEL_REBUILD_REQUEST_INIT;
    sliver_set from_;
    std::vector<walrus_accel_sliver> slivers_;
    held_sink sink_;
    std::optional<std::vector<std::uint16_t>> pairs_;
};

class decoding final : public errand<decoded> {
public:
    using request_type = decode_request;
    using result_type = walrus_accel_decode_result;

    explicit decoding(const decode_request &request)
        : from_(request.slivers), slivers_(requesting::slivers(requesting::memory(from_))),
          to_(request.to) {
        told.metadata = requesting::blob(request.blob);
        requesting::from(from_, slivers_, told);
        told.axis = requesting::axis_or_any(request.axis);
        told.check = static_cast<std::uint32_t>(request.check);
        requesting::to(to_, told);
    }

    walrus_accel_status run(const walrus_accel_runtime *runtime, const walrus_accel_control *by,
                            walrus_accel_error **reason) {
        return walrus_accel_decode(runtime, &told, by, receiving(handle_), reason);
    }

    walrus_accel_status submit(const walrus_accel_runtime *runtime, walrus_accel_ended_function tell,
                               walrus_accel_job **job, walrus_accel_error **reason) {
        return walrus_accel_submit_decode(runtime, &told, tell, user_data(), job, reason);
    }

    walrus_accel_status take(const walrus_accel_job *job, walrus_accel_error **reason) override {
        return walrus_accel_job_take_decoded(job, receiving(handle_), reason);
    }

    decoded value() override { return owner(handle_); }

    static constexpr auto run_batch = walrus_accel_decode_batch;

    void receive(const result_type &found) { handle_.reset(found.decoded); }

    walrus_accel_decode_request told = WALRUS_ACCEL_DECODE_REQUEST_INIT;

private:
    sliver_set from_;
    std::vector<walrus_accel_sliver> slivers_;
    output to_;
    decoded_handle handle_;
};

class unchecked_decoding final : public errand<decoded> {
public:
    using request_type = unchecked_request;

    explicit unchecked_decoding(const unchecked_request &request)
        : slivers_(requesting::slivers(request.slivers)), to_(request.to) {
        told_.slivers = slivers_.data();
        told_.sliver_count = slivers_.size();
        told_.unencoded_length = request.length;
        told_.n_shards = request.n_shards;
        told_.axis = requesting::axis_or_any(request.axis);
        requesting::to(to_, told_);
    }

    walrus_accel_status run(const walrus_accel_runtime *runtime, const walrus_accel_control *by,
                            walrus_accel_error **reason) {
        return walrus_accel_decode_unchecked(runtime, &told_, by, receiving(handle_), reason);
    }

    walrus_accel_status submit(const walrus_accel_runtime *runtime, walrus_accel_ended_function tell,
                               walrus_accel_job **job, walrus_accel_error **reason) {
        return walrus_accel_submit_decode_unchecked(runtime, &told_, tell, user_data(), job, reason);
    }

    walrus_accel_status take(const walrus_accel_job *job, walrus_accel_error **reason) override {
        return walrus_accel_job_take_decoded(job, receiving(handle_), reason);
    }

    decoded value() override { return owner(handle_); }

private:
    walrus_accel_unchecked_request told_ = WALRUS_ACCEL_UNCHECKED_REQUEST_INIT;
    std::vector<walrus_accel_sliver> slivers_;
    output to_;
    decoded_handle handle_;
};

class verifying final : public errand<std::vector<verdict>> {
public:
    using request_type = verify_request;

    explicit verifying(const verify_request &request)
        : slivers_(requesting::slivers(request.slivers)), verdicts_(slivers_.size(), verdict::malformed) {
        told_.metadata = requesting::blob(request.blob);
        told_.slivers = slivers_.data();
        told_.sliver_count = slivers_.size();
        // The enumeration's values are kept as the bytes that the library writes.
        told_.verdicts = reinterpret_cast<std::uint8_t *>(verdicts_.data());
        told_.verdict_count = verdicts_.size();
    }

    walrus_accel_status run(const walrus_accel_runtime *runtime, const walrus_accel_control *by,
                            walrus_accel_error **reason) {
        return walrus_accel_verify(runtime, &told_, by, reason);
    }

    walrus_accel_status submit(const walrus_accel_runtime *runtime, walrus_accel_ended_function tell,
                               walrus_accel_job **job, walrus_accel_error **reason) {
        return walrus_accel_submit_verify(runtime, &told_, tell, user_data(), job, reason);
    }

    walrus_accel_status take(const walrus_accel_job *job, walrus_accel_error **reason) override {
        return walrus_accel_job_result(job, reason);
    }

    std::vector<verdict> value() override { return std::move(verdicts_); }

private:
    walrus_accel_verify_request told_ = WALRUS_ACCEL_VERIFY_REQUEST_INIT;
    std::vector<walrus_accel_sliver> slivers_;
    std::vector<verdict> verdicts_;
};

} // namespace detail

// -------------------------------------------------------------------------------------------------------
// Jobs
// -------------------------------------------------------------------------------------------------------

/// Where a job is.
enum class job_state : std::uint32_t {
    /// It waits for others to end.
    queued = WALRUS_ACCEL_JOB_QUEUED,
    /// It is at work.
    running = WALRUS_ACCEL_JOB_RUNNING,
    /// It has ended, well or not.
    ended = WALRUS_ACCEL_JOB_ENDED,
};

/// Work that goes on while its caller does something else. T is encoded, decoded or std::vector<verdict>.
/// A handle, which keeps callables and all that the request owns until the job has ended; spans in the
/// request must stay valid until then.
///
/// The destructor of a job that has not ended cancels it and waits for its end: then nothing of the
/// caller's is looked at any more, and the completion has returned (unless it is what destroys the job).
template <class T>
class job {
public:
    job(job &&) noexcept = default;

    job &operator=(job &&other) noexcept {
        // The job that was here ends before what it needs goes: so it goes as a whole.
        job gone(std::move(other));
        std::swap(errand_, gone.errand_);
        std::swap(handle_, gone.handle_);
        std::swap(was_taken_, gone.was_taken_);
        return *this;
    }

    /// Where it is, without waiting.
    job_state state() const {
        std::uint32_t found = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_job_poll(handle_.get(), &found, reason);
        });
        return static_cast<job_state>(found);
    }

    /// Waits until it has ended, well or not.
    void wait() const {
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_job_wait(handle_.get(), WALRUS_ACCEL_FOREVER, reason);
        });
    }

    /// The same, for at most `longest`, which counts as whole milliseconds. Whether it has ended.
    template <class Rep, class Period>
    bool wait_for(const std::chrono::duration<Rep, Period> &longest) const {
        const auto reason = detail::attempt([&](walrus_accel_error **place) {
            return walrus_accel_job_wait(handle_.get(), milliseconds(longest), place);
        });
        if (reason && reason->status != status::timed_out) {
            reason->raise();
        }
        return !reason;
    }

    /// How far it has come.
    walrus_accel::progress progress() const {
        walrus_accel::progress told;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_job_progress(handle_.get(), &told.done, &told.total, reason);
        });
        return told;
    }

    /// The engine that does it, or did it: "cpu", "gpu" or "reference"; empty while none is at work yet.
    std::string_view engine() const {
        const char *name = nullptr;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_job_engine(handle_.get(), &name, reason);
        });
        return name == nullptr ? std::string_view() : std::string_view(name);
    }

    /// Asks it to stop, and does not wait for that: it ends with status::cancelled after the piece of
    /// work at hand, or at once if it waits for others. One that has ended stays as it is.
    void cancel() const {
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_job_cancel(handle_.get(), reason);
        });
    }

    /// Waits until it has ended and the completion has returned, and takes the result, once. Throws what
    /// the call without a job would have thrown; what the completion threw; error with status::not_found
    /// if the result was taken before.
    T get() { return try_get().value(); }

    /// The same, without exceptions.
    result<T> try_get() {
        auto reason = detail::attempt([&](walrus_accel_error **place) {
            return walrus_accel_job_wait(handle_.get(), WALRUS_ACCEL_FOREVER, place);
        });
        if (reason) {
            return std::move(*reason);
        }
        if (was_taken_) {
            return failure{status::not_found, "the job's result was taken before", nullptr};
        }
        errand_->await_return();
        reason = detail::attempt([&](walrus_accel_error **place) {
            return errand_->take(handle_.get(), place);
        });
        was_taken_ = !reason;
        return errand_->conclude(std::move(reason));
    }

private:
    friend class runtime;

    job(std::shared_ptr<detail::errand<T>> errand, detail::job_handle handle) noexcept
        : errand_(std::move(errand)), handle_(std::move(handle)) {}

    /// Rounded up, so that a wait is never shorter than asked for.
    template <class Rep, class Period>
    static std::uint64_t milliseconds(const std::chrono::duration<Rep, Period> &longest) {
        using exact = std::chrono::duration<long double, std::milli>;
        const auto wanted = std::chrono::duration_cast<exact>(longest).count();
        if (!(wanted > 0)) {
            return 0;
        }
        constexpr long double most = 1e18L; // Some 30 million years.
        if (wanted >= most) {
            return WALRUS_ACCEL_FOREVER;
        }
        const auto whole = static_cast<std::uint64_t>(wanted);
        return static_cast<long double>(whole) < wanted ? whole + 1 : whole;
    }

    // In this order: the handle goes first, and with it the job, which needs the rest until it has ended.
    std::shared_ptr<detail::errand<T>> errand_;
    detail::job_handle handle_;
    bool was_taken_ = false;
};

// -------------------------------------------------------------------------------------------------------
// Runtimes
// -------------------------------------------------------------------------------------------------------

/// What encodes and decodes.
enum class engine : std::uint32_t {
    /// For each job the engine that is expected to be done first.
    automatic = WALRUS_ACCEL_ENGINE_AUTO,
    /// The CPU, with the widest vectors that it has.
    cpu = WALRUS_ACCEL_ENGINE_CPU,
    /// A graphics device, and the CPU should that fail.
    gpu = WALRUS_ACCEL_ENGINE_GPU,
    /// One thread, one hash at a time, the whole blob in memory: what the others are checked against.
    reference = WALRUS_ACCEL_ENGINE_REFERENCE,
};

/// The choices that a runtime is made with.
struct runtime_options {
    /// The engine.
    walrus_accel::engine engine = walrus_accel::engine::automatic;
    /// The number of the engine's worker threads; 0 for one a core.
    std::uint32_t threads = 0;
    /// The limit in bytes of the working memory of each job and each call; 0 for 1 GiB. The caller's
    /// memory and the results come on top. Narrow limits cost time.
    std::uint64_t memory = 0;
    /// The limit in bytes of what is taken of a graphics device's memory; 0 for a half of it.
    std::uint64_t device_memory = 0;
    /// The graphics device: its number or a part of its name, as devices() gives them. Empty for the one
    /// that the environment variable WALRUS_ACCEL_DEVICE names, or the most capable.
    std::string device;
    /// "portable", "avx2" or another name of an instruction set. Empty for the one that the environment
    /// variable WALRUS_ACCEL_ISA names, or the fastest.
    std::string instruction_set;
    /// How many jobs (and blobs of a batch) run at once; 0 for 2. The others wait in order.
    std::uint32_t max_jobs = 0;
    /// Whether a job whose graphics device fails goes on on the CPU.
    bool cpu_fallback = true;
    /// Whether what a graphics device answers is checked.
    bool device_check = true;
};

/// Gathers a blob's slivers until there are enough of one axis to read the blob: runtime::reader makes it.
/// Each sliver is verified once; what is damaged or not needed is told, and not kept. A handle, whose
/// member functions can be called from all threads at the same time, and which keeps what it needs of the
/// runtime.
class reader {
public:
    /// Hands in slivers, of both axes in any order: those that are needed are verified together, which is
    /// faster than one by one, and copied. Tells what became of each. `by`: as in runtime::encode. Throws
    /// error with the statuses that walrus_accel_reader_add names: then some may have been handed in, which
    /// gathered tells; to hand them in again does no harm.
    std::vector<added> add(span<const sliver> slivers, control_ref by = {}) const {
        demand(by);
        std::vector<walrus_accel_sliver> given;
        given.reserve(slivers.size());
        for (const auto &one : slivers) {
            given.push_back(detail::requesting::one(one));
        }
        std::vector<walrus_accel_added> found(given.size());
        walrus_accel_reader_add_request request = WALRUS_ACCEL_READER_ADD_REQUEST_INIT;
        request.slivers = given.data();
        request.sliver_count = given.size();
        request.added = found.data();
        request.added_count = found.size();
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_reader_add(handle_.get(), &request, by.get(), reason);
        });
        std::vector<added> told;
        told.reserve(found.size());
        for (const auto &one : found) {
            told.push_back({static_cast<outcome>(one.outcome), static_cast<verdict>(one.verdict)});
        }
        return told;
    }

    /// The axis of which there are enough slivers, so that the blob can be read; nothing while there are
    /// not.
    std::optional<axis> ready() const {
        std::uint32_t found = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_reader_ready(handle_.get(), &found, reason);
        });
        return found == 0 ? std::nullopt : std::optional<axis>(static_cast<axis>(found));
    }

    /// How many more slivers of an axis it takes until the blob can be read; 0 if it can.
    std::size_t missing(axis along) const {
        std::size_t count = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_reader_missing(handle_.get(), detail::number_of(along), &count, reason);
        });
        return count;
    }

    /// What it has seen so far.
    walrus_accel::reader_report report() const {
        detail::reader_report_handle handle;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_reader_report_new(handle_.get(), detail::receiving(handle), reason);
        });
        std::size_t kept = 0, damaged = 0, surplus = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_reader_report_counts(handle.get(), &kept, &damaged, &surplus, reason);
        });
        walrus_accel::reader_report told;
        told.kept = list(handle.get(), outcome::kept, kept);
        told.damaged = list(handle.get(), outcome::damaged, damaged);
        told.surplus = list(handle.get(), outcome::surplus, surplus);
        return told;
    }

    /// Decodes the blob from the slivers that are there, which are not verified again. `by`: as in
    /// runtime::encode. Throws error with the statuses that walrus_accel_reader_read names.
    decoded read(const output &to = output::library(), check how = check::standard,
                 control_ref by = {}) const {
        demand(by);
        walrus_accel_reader_read_request request = WALRUS_ACCEL_READER_READ_REQUEST_INIT;
        request.check = static_cast<std::uint32_t>(how);
        detail::requesting::to(to, request);
        detail::decoded_handle handle;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_reader_read(handle_.get(), &request, by.get(), detail::receiving(handle),
                                            reason);
        });
        return decoded(std::move(handle));
    }

    /// Reads the bytes of the blob from `offset` on that fill `buffer`. What lies in primary slivers that
    /// are there is copied, whether there are enough for the whole blob or not; otherwise only the rows or
    /// columns that the range lies in are decoded. All that is used was verified; that the blob was
    /// encoded consistently, read() finds out. `by`: as in runtime::encode. Throws error with the statuses
    /// that walrus_accel_reader_read_range names.
    void read_range(std::uint64_t offset, span<std::uint8_t> buffer, control_ref by = {}) const {
        demand(by);
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_reader_read_range(handle_.get(), offset, buffer.data(), buffer.size(),
                                                  by.get(), reason);
        });
    }

private:
    friend class runtime;

    reader() = default;

    static void demand(const control_ref &by) {
        if (const auto reason = by.fault()) {
            reason->raise();
        }
    }

    static std::vector<seen_sliver> list(const walrus_accel_reader_report *handle, outcome of,
                                         std::size_t count) {
        std::vector<seen_sliver> told;
        told.reserve(count);
        for (std::size_t number = 0; number < count; ++number) {
            walrus_accel_seen_sliver found = WALRUS_ACCEL_SEEN_SLIVER_INIT;
            detail::demand([&](walrus_accel_error **reason) {
                return walrus_accel_reader_report_get(handle, static_cast<std::uint32_t>(of), number, &found,
                                                 reason);
            });
            told.push_back(
                {static_cast<axis>(found.axis), found.index, static_cast<verdict>(found.verdict)});
        }
        return told;
    }

    detail::reader_handle handle_;
};

/// An engine, its threads, its device and its memory limit: what encodes and decodes. Costly to make
/// (some milliseconds, and as many threads as cores), and meant to be shared by all threads for as long
/// as the process runs. A handle. Its jobs go on when it is destroyed.
class runtime {
public:
    /// Throws error: with status::other as check_abi; with status::invalid_argument for an option out of
    /// its range; with status::engine_unavailable if the engine, device or instruction set is not there;
    /// with status::out_of_memory.
    explicit runtime(const runtime_options &options = {}) {
        check_abi();
        const std::string device = detail::c_text(options.device, "device");
        const std::string instruction_set = detail::c_text(options.instruction_set, "instruction_set");
        walrus_accel_runtime_options told = WALRUS_ACCEL_RUNTIME_OPTIONS_INIT;
        told.engine = static_cast<std::uint32_t>(options.engine);
        told.threads = options.threads;
        told.memory = options.memory;
        told.device_memory = options.device_memory;
        told.device = detail::or_null(device);
        told.instruction_set = detail::or_null(instruction_set);
        told.max_jobs = options.max_jobs;
        told.no_cpu_fallback = options.cpu_fallback ? 0 : 1;
        told.no_device_check = options.device_check ? 0 : 1;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_runtime_new(&told, detail::receiving(handle_), reason);
        });
    }

    /// The name of the instruction set that the CPU engine uses, such as "avx2"; valid as long as this.
    std::string_view instruction_set() const {
        const char *found = nullptr;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_runtime_instruction_set(handle_.get(), &found, reason);
        });
        return found;
    }

    /// Why the graphics device failed, if it did, so that the CPU has done the work since. The results
    /// are right all the same.
    std::optional<failure> device_fault() const {
        detail::error_handle fault;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_runtime_device_fault(handle_.get(), detail::receiving(fault), reason);
        });
        if (!fault) {
            return std::nullopt;
        }
        return detail::failure_from(walrus_accel_error_status(fault.get()), fault.get());
    }

    /// Encodes a blob, and returns when it is done. `by`: a control by which other threads watch and
    /// cancel the call. Throws error with the statuses that walrus_accel_encode names, and what callables
    /// throw.
    encoded encode(const encode_request &request, control_ref by = {}) const {
        return try_encode(request, by).value();
    }

    /// The same, without exceptions.
    result<encoded> try_encode(const encode_request &request, control_ref by = {}) const {
        return run<detail::encoding>(request, by);
    }

    /// Decodes a blob, and returns when it is done. `by`: as in encode. Throws error with the statuses
    /// that walrus_accel_decode names.
    decoded decode(const decode_request &request, control_ref by = {}) const {
        return try_decode(request, by).value();
    }

    /// The same, without exceptions.
    result<decoded> try_decode(const decode_request &request, control_ref by = {}) const {
        return run<detail::decoding>(request, by);
    }

    /// Decodes a blob without metadata, unchecked, and returns when it is done. `by`: as in encode. Throws
    /// error with the statuses that walrus_accel_decode_unchecked names.
    decoded decode_unchecked(const unchecked_request &request, control_ref by = {}) const {
        return try_decode_unchecked(request, by).value();
    }

    /// The same, without exceptions.
    result<decoded> try_decode_unchecked(const unchecked_request &request, control_ref by = {}) const {
        return run<detail::unchecked_decoding>(request, by);
    }

    /// Verifies slivers against the metadata of their blob, and returns a verdict on each when it is
    /// done: index, length, symbol size, and the Merkle root over the expanded symbols. `by`: as in
    /// encode. Throws error with the statuses that walrus_accel_verify names.
    std::vector<verdict> verify(const verify_request &request, control_ref by = {}) const {
        return try_verify(request, by).value();
    }

    /// The same, without exceptions.
    result<std::vector<verdict>> try_verify(const verify_request &request, control_ref by = {}) const {
        return run<detail::verifying>(request, by);
    }

    /// Verifies slivers of many blobs, as verify does those of one: those with symbols of one size are
    /// verified together, whatever blob they are of.
    std::vector<verdict> verify(span<const blob_sliver> slivers, control_ref by = {}) const {
        demand(by);
        std::vector<walrus_accel_sliver> given;
        std::vector<const walrus_accel_metadata *> metadata_per_sliver;
        for (const auto &one : slivers) {
            given.push_back(detail::requesting::one(one.sliver));
            metadata_per_sliver.push_back(detail::requesting::blob(one.blob));
        }
        std::vector<verdict> verdicts(given.size(), verdict::malformed);
        walrus_accel_verify_request told = WALRUS_ACCEL_VERIFY_REQUEST_INIT;
        told.metadata_per_sliver = metadata_per_sliver.data();
        told.slivers = given.data();
        told.sliver_count = given.size();
        told.verdicts = reinterpret_cast<std::uint8_t *>(verdicts.data());
        told.verdict_count = verdicts.size();
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_verify(handle_.get(), &told, by.get(), reason);
        });
        return verdicts;
    }

    /// Expands a sliver to all its symbols and builds the tree over them, which tells whether it is good.
    /// `by`: as in encode. Throws error with status::invalid_sliver if it does not belong to the metadata,
    /// and with the other statuses that walrus_accel_expand names.
    expanded expand(const metadata &of, const sliver &given, control_ref by = {}) const {
        return try_expand(of, given, by).value();
    }

    /// The same, without exceptions.
    result<expanded> try_expand(const metadata &of, const sliver &given, control_ref by = {}) const {
        if (auto reason = by.fault()) {
            return std::move(*reason);
        }
        const walrus_accel_sliver one = detail::requesting::one(given);
        walrus_accel_expand_request told = WALRUS_ACCEL_EXPAND_REQUEST_INIT;
        told.metadata = detail::requesting::blob(of);
        told.sliver = &one;
        expanded made;
        auto reason = detail::attempt([&](walrus_accel_error **place) {
            return walrus_accel_expand(handle_.get(), &told, by.get(), detail::receiving(made.handle_),
                                       place);
        });
        if (reason) {
            return std::move(*reason);
        }
        return made;
    }

    /// The symbols of a sliver that recover the other axis's slivers of some pairs, without proofs, one
    /// behind the other; each has the decoding_symbol_length of the shape. Nothing is hashed, so whether
    /// the sliver's bytes are right is not found out. `by`: as in encode. Throws error with the statuses
    /// that walrus_accel_decoding_symbols names.
    std::vector<std::uint8_t> decoding_symbols(const metadata &of, const sliver &given,
                                               span<const std::uint16_t> pairs,
                                               control_ref by = {}) const {
        demand(by);
        const walrus_accel_sliver one = detail::requesting::one(given);
        std::vector<std::uint8_t> bytes(pairs.size() * of.shape().decoding_symbol_length);
        walrus_accel_decoding_symbols_request told = WALRUS_ACCEL_DECODING_SYMBOLS_REQUEST_INIT;
        told.metadata = detail::requesting::blob(of);
        told.sliver = &one;
        told.targets = pairs.data();
        told.target_count = pairs.size();
        told.out = bytes.data();
        told.out_length = bytes.size();
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_decoding_symbols(handle_.get(), &told, by.get(), reason);
        });
        return bytes;
    }

    /// Verifies recovery symbols, BCS GeneralRecoverySymbol, that are to recover one sliver. `by`: as in
    /// encode. Throws error with the statuses that walrus_accel_verify_symbols names.
    std::vector<symbol_verdict> verify_symbols(const metadata &of, const target &wanted,
                                               span<const span<const std::uint8_t>> symbols,
                                               control_ref by = {}) const {
        demand(by);
        const auto given = detail::requesting::symbols(symbols);
        std::vector<symbol_verdict> verdicts(given.size());
        walrus_accel_verify_symbols_request told = WALRUS_ACCEL_VERIFY_SYMBOLS_REQUEST_INIT;
        detail::requesting::recovering(of, wanted, given, told);
        told.verdicts = reinterpret_cast<std::uint8_t *>(verdicts.data());
        told.verdict_count = verdicts.size();
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_verify_symbols(handle_.get(), &told, by.get(), reason);
        });
        return verdicts;
    }

    /// Recovers a sliver from recovery symbols of slivers of the other axis, or gives the proof that the
    /// blob was encoded inconsistently. `kind`: with proofs, or without: then it is not told which symbols
    /// are wrong. `by`: as in encode. `verdicts`: nothing, or becomes a verdict for each symbol, even if there
    /// are not enough. Throws error with status::not_enough_symbols (those from one sliver count once); with
    /// status::invalid_sliver if symbols without proofs make none; with the other statuses that
    /// walrus_accel_recover names.
    recovered recover(const metadata &of, const target &wanted,
                      span<const span<const std::uint8_t>> symbols,
                      symbol_kind kind = symbol_kind::recovery, control_ref by = {},
                      std::vector<symbol_verdict> *verdicts = nullptr) const {
        return try_recover(of, wanted, symbols, kind, by, verdicts).value();
    }

    /// The same, without exceptions.
    result<recovered> try_recover(const metadata &of, const target &wanted,
                                  span<const span<const std::uint8_t>> symbols,
                                  symbol_kind kind = symbol_kind::recovery, control_ref by = {},
                                  std::vector<symbol_verdict> *verdicts = nullptr) const {
        if (verdicts) {
            verdicts->assign(symbols.size(), symbol_verdict::not_looked_at);
        }
        if (auto reason = by.fault()) {
            return std::move(*reason);
        }
        const auto given = detail::requesting::symbols(symbols);
        walrus_accel_recover_request told = WALRUS_ACCEL_RECOVER_REQUEST_INIT;
        detail::requesting::recovering(of, wanted, given, told);
        if (verdicts) {
            told.verdicts = reinterpret_cast<std::uint8_t *>(verdicts->data());
            told.verdict_count = verdicts->size();
        }
        const auto call =
            kind == symbol_kind::recovery ? walrus_accel_recover : walrus_accel_recover_unproven;
        recovered made;
        auto reason = detail::attempt([&](walrus_accel_error **place) {
            return call(handle_.get(), &told, by.get(), detail::receiving(made.handle_), place);
        });
        if (reason) {
            return std::move(*reason);
        }
        return made;
    }

    /// Tells whether a proof, BCS InconsistencyProof, shows that the blob was encoded inconsistently, and
    /// if not, why. `along`: the axis of its sliver, which is not in the bytes. `by`: as in encode. Throws
    /// error with the statuses that walrus_accel_verify_proof names.
    proof_finding verify_proof(const metadata &of, axis along, span<const std::uint8_t> proof,
                               control_ref by = {}) const {
        demand(by);
        walrus_accel_verify_proof_request told = WALRUS_ACCEL_VERIFY_PROOF_REQUEST_INIT;
        told.metadata = detail::requesting::blob(of);
        told.proof = proof.data();
        told.proof_length = proof.size();
        told.axis = detail::number_of(along);
        walrus_accel_proof_verdict found = WALRUS_ACCEL_PROOF_VERDICT_INIT;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_verify_proof(handle_.get(), &told, by.get(), &found, reason);
        });
        return {static_cast<proof_verdict>(found.verdict), found.symbol,
                static_cast<symbol_verdict>(found.symbol_verdict)};
    }

    /// A reader of a blob, which has no sliver yet. Throws error with the statuses that
    /// walrus_accel_reader_new names.
    walrus_accel::reader reader(const metadata &of) const {
        walrus_accel::reader made;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_reader_new(handle_.get(), detail::requesting::blob(of),
                                           detail::receiving(made.handle_), reason);
        });
        return made;
    }

    /// Rebuilds slivers of a blob from others, without the blob at hand, and returns when it is done.
    /// They are those of a fresh encoding: the metadata is computed anew and compared. `by`: as in
    /// encode. Throws error with the statuses that walrus_accel_rebuild names, and what callables throw.
    encoded rebuild(const rebuild_request &request, control_ref by = {}) const {
        return try_rebuild(request, by).value();
    }

    /// The same, without exceptions.
    result<encoded> try_rebuild(const rebuild_request &request, control_ref by = {}) const {
        return run<detail::rebuilding>(request, by);
    }

    /// Encodes many blobs, as many at once as runtime_options::max_jobs, and returns what became of each
    /// when all are done. One that fails does not keep the others from being done. The progress of `by`
    /// counts blobs. Throws error if the call itself is wrong, or with status::poisoned.
    std::vector<result<encoded>> encode_batch(span<const encode_request> requests,
                                              control_ref by = {}) const {
        return run_batch<detail::encoding>(requests, by);
    }

    /// Decodes many blobs, as encode_batch encodes them. Memory that different requests write to must not
    /// overlap.
    std::vector<result<decoded>> decode_batch(span<const decode_request> requests,
                                              control_ref by = {}) const {
        return run_batch<detail::decoding>(requests, by);
    }

    /// Verifies a directory of slivers, as sink::directory makes it. `directory`: that of the blob. `by`:
    /// as in encode. Throws error with the statuses that walrus_accel_directory_verify names.
    directory_report verify_directory(const std::filesystem::path &directory, scrutiny how = scrutiny::full,
                            control_ref by = {}) const {
        return reported(directory, by, [&](const char *path, auto... arguments) {
            return walrus_accel_directory_verify(handle_.get(), path, static_cast<std::uint32_t>(how),
                                                 arguments...);
        });
    }

    /// Repairs a directory of slivers: rebuilds what is missing or damaged from the rest, so that it
    /// equals a fresh encoding. Foreign files are left alone. The rebuilt files take their places when
    /// all are complete. Returns what was wrong (and is so no more, but for foreign files). Parameters as
    /// in verify_directory. Throws error with the statuses that walrus_accel_directory_repair names.
    directory_report repair_directory(const std::filesystem::path &directory, control_ref by = {}) const {
        return reported(directory, by, [&](const char *path, auto... arguments) {
            return walrus_accel_directory_repair(handle_.get(), path, arguments...);
        });
    }

    /// Submits an encoding, as encode does it, and returns at once. It runs when fewer than
    /// runtime_options::max_jobs others do; until then it waits, in order.
    ///
    /// `completed`: called once, when the job has ended, well or not: to write to an eventfd, to call
    /// uv_async_send, to wake a future; empty if nobody has to be told. It is called from a thread of the
    /// library's, or from the one that cancels or destroys a job that waits, and maybe before this
    /// returns. It may use, and destroy, this very job, and must neither wait nor call anything else of
    /// the library.
    /// What it throws, job::get throws. Throws error with the statuses that walrus_accel_submit_encode
    /// names.
    job<encoded> submit_encode(const encode_request &request,
                               std::function<void()> completed = {}) const {
        return submit<detail::encoding>(request, std::move(completed));
    }

    /// Submits a decoding, as decode does it, and returns at once. Parameters and failures as in
    /// submit_encode.
    job<decoded> submit_decode(const decode_request &request,
                               std::function<void()> completed = {}) const {
        return submit<detail::decoding>(request, std::move(completed));
    }

    /// Submits an unchecked decoding, as decode_unchecked does it, and returns at once. Parameters and
    /// failures as in submit_encode.
    job<decoded> submit_decode_unchecked(const unchecked_request &request,
                                         std::function<void()> completed = {}) const {
        return submit<detail::unchecked_decoding>(request, std::move(completed));
    }

    /// Submits the verification of slivers, as verify does it, and returns at once. Parameters and
    /// failures as in submit_encode.
    job<std::vector<verdict>> submit_verify(const verify_request &request,
                                            std::function<void()> completed = {}) const {
        return submit<detail::verifying>(request, std::move(completed));
    }

    /// Submits the rebuilding of slivers, as rebuild does it, and returns at once. Parameters and
    /// failures as in submit_encode.
    job<encoded> submit_rebuild(const rebuild_request &request,
                                std::function<void()> completed = {}) const {
        return submit<detail::rebuilding>(request, std::move(completed));
    }

private:
    static void demand(const control_ref &by) {
        if (const auto reason = by.fault()) {
            reason->raise();
        }
    }

    template <class Errand>
    result<typename Errand::value_type> run(const typename Errand::request_type &request,
                                            control_ref by) const {
        if (auto reason = by.fault()) {
            return std::move(*reason);
        }
        Errand errand(request);
        return errand.conclude(detail::attempt([&](walrus_accel_error **place) {
            return errand.run(handle_.get(), by.get(), place);
        }));
    }

    template <class Errand>
    job<typename Errand::value_type> submit(const typename Errand::request_type &request,
                                            std::function<void()> completed) const {
        auto errand = std::make_shared<Errand>(request);
        const auto ended = errand->prepare(std::move(completed));
        detail::job_handle handle;
        detail::demand([&](walrus_accel_error **reason) {
            return errand->submit(handle_.get(), ended, detail::receiving(handle), reason);
        });
        return {std::move(errand), std::move(handle)};
    }

    template <class Errand>
    std::vector<result<typename Errand::value_type>> run_batch(
        span<const typename Errand::request_type> requests, control_ref by) const {
        demand(by);
        std::vector<std::unique_ptr<Errand>> errands;
        std::vector<decltype(Errand::told)> told;
        for (const auto &request : requests) {
            errands.push_back(std::make_unique<Errand>(request));
            told.push_back(errands.back()->told);
        }
        std::vector<typename Errand::result_type> found(errands.size());
        const auto reason = detail::attempt([&](walrus_accel_error **place) {
            return Errand::run_batch(handle_.get(), told.data(), told.size(), by.get(), found.data(),
                                     place);
        });
        std::vector<result<typename Errand::value_type>> results;
        results.reserve(found.size());
        // A call that is wrong itself begins with none of them.
        bool has_begun = true;
        for (std::size_t number = 0; number < found.size(); ++number) {
            const detail::error_handle why(found[number].error);
            errands[number]->receive(found[number]);
            has_begun = has_begun && found[number].status != WALRUS_ACCEL_NOT_ENDED;
            std::optional<failure> failed;
            if (found[number].status != WALRUS_ACCEL_OK) {
                failed = detail::failure_from(found[number].status, why.get());
            }
            results.push_back(errands[number]->conclude(std::move(failed)));
        }
        if (reason && (found.empty() || !has_begun)) {
            reason->raise();
        }
        return results;
    }

    template <class Call>
    static directory_report reported(const std::filesystem::path &directory, control_ref by, Call &&call) {
        demand(by);
        const std::string path = detail::c_path(directory, "directory");
        detail::directory_report_handle handle;
        detail::demand([&](walrus_accel_error **reason) {
            detail::receiving place(handle);
            return call(path.c_str(), by.get(), static_cast<walrus_accel_directory_report **>(place), reason);
        });
        directory_report told;
        std::size_t count = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_directory_report_counts(handle.get(), &told.checked, &count, reason);
        });
        for (std::size_t number = 0; number < count; ++number) {
            walrus_accel_problem found = WALRUS_ACCEL_PROBLEM_INIT;
            detail::demand([&](walrus_accel_error **reason) {
                return walrus_accel_directory_report_get(handle.get(), number, &found, reason);
            });
            told.problems.push_back(
                {detail::path_from(found.path), found.reason, static_cast<problem_kind>(found.kind)});
        }
        return told;
    }

    detail::runtime_handle handle_;
};

} // namespace walrus_accel

/// By the bytes, which are a hash already.
template <>
struct std::hash<walrus_accel::blob_id> {
    std::size_t operator()(const walrus_accel::blob_id &id) const noexcept {
        std::size_t value = 0;
        for (std::size_t number = 0; number < sizeof value; ++number) {
            value = value << 8 | id.bytes[number];
        }
        return value;
    }
};

#endif // WALRUS_ACCEL_HPP
