/* SPDX-License-Identifier: Apache-2.0 */
#include "model/object.h"

/* Columns of the tables, short so that a resource stays one line. */
#define STRING IMP_TYPE_STRING
#define INTEGER IMP_TYPE_INTEGER
#define UNSIGNED IMP_TYPE_UNSIGNED
#define BOOLEAN IMP_TYPE_BOOLEAN
#define OPAQUE IMP_TYPE_OPAQUE
#define TIME IMP_TYPE_TIME
#define OBJLNK IMP_TYPE_OBJLNK
#define NONE IMP_TYPE_NONE
#define ONE false
#define MANY true
#define MUST true
#define MAY false
#define PLAIN false
#define SECRET true
#define R(min, max) (min), (max)
#define ANY R(INT64_MIN, INT64_MAX)
#define NATURAL R(0, INT64_MAX)
#define NO_RANGE R(0, 0)
#define V1_0 1, 0
#define V1_1 1, 1
#define V1_2 1, 2

/* clang-format off */
static const struct imp_resource_def security[] = {
	{ 0, "LWM2M Server URI", STRING, ONE, MUST, PLAIN, R(0, 255), V1_0 },
	{ 1, "Bootstrap-Server", BOOLEAN, ONE, MUST, PLAIN, NO_RANGE, V1_0 },
	{ 2, "Security Mode", INTEGER, ONE, MUST, PLAIN, R(0, 4), V1_0 },
	{ 3, "Public Key or Identity", OPAQUE, ONE, MUST, PLAIN, NATURAL, V1_0 },
	{ 4, "Server Public Key", OPAQUE, ONE, MUST, PLAIN, NATURAL, V1_0 },
	{ 5, "Secret Key", OPAQUE, ONE, MUST, SECRET, NATURAL, V1_0 },
	{ 6, "SMS Security Mode", INTEGER, ONE, MAY, PLAIN, R(0, 255), V1_0 },
	{ 7, "SMS Binding Key Parameters", OPAQUE, ONE, MAY, PLAIN, R(6, 6), V1_0 },
	{ 8, "SMS Binding Secret Key(s)", OPAQUE, ONE, MAY, SECRET, R(16, 48), V1_0 },
	{ 9, "LwM2M Server SMS Number", STRING, ONE, MAY, PLAIN, NATURAL, V1_0 },
	{ 10, "Short Server ID", INTEGER, ONE, MAY, PLAIN, R(1, 65534), V1_0 },
	{ 11, "Client Hold Off Time", INTEGER, ONE, MAY, PLAIN, NATURAL, V1_0 },
	{ 12, "Bootstrap-Server Account Timeout", INTEGER, ONE, MAY, PLAIN, NATURAL, V1_0 },
	{ 13, "Matching Type", UNSIGNED, ONE, MAY, PLAIN, R(0, 3), V1_1 },
	{ 14, "SNI", STRING, ONE, MAY, PLAIN, NATURAL, V1_1 },
	{ 15, "Certificate Usage", UNSIGNED, ONE, MAY, PLAIN, R(0, 3), V1_1 },
	{ 16, "DTLS/TLS Ciphersuite", UNSIGNED, MANY, MAY, PLAIN, NATURAL, V1_1 },
	{ 17, "OSCORE Security Mode", OBJLNK, ONE, MAY, PLAIN, NO_RANGE, V1_1 },
	{ 18, "Groups To Use by Client", UNSIGNED, MANY, MAY, PLAIN, R(0, 65535), V1_2 },
	{ 19, "Signature Algorithms Supported by Server", UNSIGNED, MANY, MAY, PLAIN, R(0, 65535), V1_2 },
	{ 20, "Signature Algorithms To Use by Client", UNSIGNED, MANY, MAY, PLAIN, R(0, 65535), V1_2 },
	{ 21, "Signature Algorithm Certs Supported by Server", UNSIGNED, MANY, MAY, PLAIN, R(0, 65535), V1_2 },
	{ 22, "TLS 1.3 Features To Use by Client", UNSIGNED, ONE, MAY, PLAIN, R(0, 65535), V1_2 },
	{ 23, "TLS Extensions Supported by Server", UNSIGNED, ONE, MAY, PLAIN, R(0, 65535), V1_2 },
	{ 24, "TLS Extensions To Use by Client", UNSIGNED, ONE, MAY, PLAIN, R(0, 65535), V1_2 },
	{ 25, "Secondary LwM2M Server URI", STRING, MANY, MAY, PLAIN, R(0, 255), V1_2 },
	{ 26, "MQTT Server", OBJLNK, ONE, MAY, PLAIN, NO_RANGE, V1_2 },
	{ 27, "LwM2M COSE Security", OBJLNK, MANY, MAY, PLAIN, NO_RANGE, V1_2 },
	{ 28, "RDS Destination Port", INTEGER, ONE, MAY, PLAIN, R(0, 15), V1_2 },
	{ 29, "RDS Source Port", INTEGER, ONE, MAY, PLAIN, R(0, 15), V1_2 },
	{ 30, "RDS Application ID", STRING, ONE, MAY, PLAIN, NATURAL, V1_2 },
};

static const struct imp_resource_def server[] = {
	{ 0, "Short Server ID", INTEGER, ONE, MUST, PLAIN, R(1, 65534), V1_0 },
	{ 1, "Lifetime", INTEGER, ONE, MUST, PLAIN, NATURAL, V1_0 },
	{ 2, "Default Minimum Period", INTEGER, ONE, MAY, PLAIN, NATURAL, V1_0 },
	{ 3, "Default Maximum Period", INTEGER, ONE, MAY, PLAIN, NATURAL, V1_0 },
	{ 4, "Disable", NONE, ONE, MAY, PLAIN, NO_RANGE, V1_0 },
	{ 5, "Disable Timeout", INTEGER, ONE, MAY, PLAIN, NATURAL, V1_0 },
	{ 6, "Notification Storing When Disabled or Offline", BOOLEAN, ONE, MUST, PLAIN, NO_RANGE, V1_0 },
	{ 7, "Binding", STRING, ONE, MUST, PLAIN, NATURAL, V1_0 },
	{ 8, "Registration Update Trigger", NONE, ONE, MUST, PLAIN, NO_RANGE, V1_0 },
	{ 9, "Bootstrap-Request Trigger", NONE, ONE, MAY, PLAIN, NO_RANGE, V1_1 },
	{ 10, "APN Link", OBJLNK, ONE, MAY, PLAIN, NO_RANGE, V1_1 },
	{ 11, "TLS-DTLS Alert Code", UNSIGNED, ONE, MAY, PLAIN, R(0, 255), V1_1 },
	{ 12, "Last Bootstrapped", TIME, ONE, MAY, PLAIN, ANY, V1_1 },
	{ 13, "Registration Priority Order", UNSIGNED, ONE, MAY, PLAIN, NATURAL, V1_1 },
	{ 14, "Initial Registration Delay Timer", UNSIGNED, ONE, MAY, PLAIN, NATURAL, V1_1 },
	{ 15, "Registration Failure Block", BOOLEAN, ONE, MAY, PLAIN, NO_RANGE, V1_1 },
	{ 16, "Bootstrap on Registration Failure", BOOLEAN, ONE, MAY, PLAIN, NO_RANGE, V1_1 },
	{ 17, "Communication Retry Count", UNSIGNED, ONE, MAY, PLAIN, NATURAL, V1_1 },
	{ 18, "Communication Retry Timer", UNSIGNED, ONE, MAY, PLAIN, NATURAL, V1_1 },
	{ 19, "Communication Sequence Delay Timer", UNSIGNED, ONE, MAY, PLAIN, NATURAL, V1_1 },
	{ 20, "Communication Sequence Retry Count", UNSIGNED, ONE, MAY, PLAIN, NATURAL, V1_1 },
	{ 21, "Trigger", BOOLEAN, ONE, MAY, PLAIN, NO_RANGE, V1_1 },
	{ 22, "Preferred Transport", STRING, ONE, MAY, PLAIN, NATURAL, V1_1 },
	{ 23, "Mute Send", BOOLEAN, ONE, MAY, PLAIN, NO_RANGE, V1_1 },
	{ 24, "Alternate APN Links", OBJLNK, MANY, MAY, PLAIN, NO_RANGE, V1_2 },
	{ 25, "Supported Server Versions", STRING, MANY, MAY, PLAIN, NATURAL, V1_2 },
	{ 26, "Default Notification Mode", INTEGER, ONE, MAY, PLAIN, R(0, 1), V1_2 },
	{ 27, "Profile ID Hash Algorithm", UNSIGNED, ONE, MAY, PLAIN, R(0, 255), V1_2 },
};

static const struct imp_resource_def access_control[] = {
	{ 0, "Object ID", INTEGER, ONE, MUST, PLAIN, R(1, 65534), V1_0 },
	{ 1, "Object Instance ID", INTEGER, ONE, MUST, PLAIN, R(0, 65535), V1_0 },
	{ 2, "ACL", INTEGER, MANY, MAY, PLAIN, R(0, 31), V1_0 },
	{ 3, "Access Control Owner", INTEGER, ONE, MUST, PLAIN, R(0, 65535), V1_0 },
};

static const struct imp_resource_def device[] = {
	{ 0, "Manufacturer", STRING, ONE, MAY, PLAIN, NATURAL, V1_0 },
	{ 1, "Model Number", STRING, ONE, MAY, PLAIN, NATURAL, V1_0 },
	{ 2, "Serial Number", STRING, ONE, MAY, PLAIN, NATURAL, V1_0 },
	{ 3, "Firmware Version", STRING, ONE, MAY, PLAIN, NATURAL, V1_0 },
	{ 4, "Reboot", NONE, ONE, MUST, PLAIN, NO_RANGE, V1_0 },
	{ 5, "Factory Reset", NONE, ONE, MAY, PLAIN, NO_RANGE, V1_0 },
	{ 6, "Available Power Sources", INTEGER, MANY, MAY, PLAIN, R(0, 7), V1_0 },
	{ 7, "Power Source Voltage", INTEGER, MANY, MAY, PLAIN, ANY, V1_0 },
	{ 8, "Power Source Current", INTEGER, MANY, MAY, PLAIN, ANY, V1_0 },
	{ 9, "Battery Level", INTEGER, ONE, MAY, PLAIN, R(0, 100), V1_0 },
	{ 10, "Memory Free", INTEGER, ONE, MAY, PLAIN, ANY, V1_0 },
	{ 11, "Error Code", INTEGER, MANY, MUST, PLAIN, R(0, 32), V1_0 },
	{ 12, "Reset Error Code", NONE, ONE, MAY, PLAIN, NO_RANGE, V1_0 },
	{ 13, "Current Time", TIME, ONE, MAY, PLAIN, ANY, V1_0 },
	{ 14, "UTC Offset", STRING, ONE, MAY, PLAIN, NATURAL, V1_0 },
	{ 15, "Timezone", STRING, ONE, MAY, PLAIN, NATURAL, V1_0 },
	{ 16, "Supported Binding and Modes", STRING, ONE, MUST, PLAIN, NATURAL, V1_0 },
	{ 17, "Device Type", STRING, ONE, MAY, PLAIN, NATURAL, V1_0 },
	{ 18, "Hardware Version", STRING, ONE, MAY, PLAIN, NATURAL, V1_0 },
	{ 19, "Software Version", STRING, ONE, MAY, PLAIN, NATURAL, V1_0 },
	{ 20, "Battery Status", INTEGER, ONE, MAY, PLAIN, R(0, 6), V1_0 },
	{ 21, "Memory Total", INTEGER, ONE, MAY, PLAIN, ANY, V1_0 },
	{ 22, "ExtDevInfo", OBJLNK, MANY, MAY, PLAIN, NO_RANGE, V1_0 },
};

static const struct imp_resource_def software[] = {
	{ 0, "PkgName", STRING, ONE, MUST, PLAIN, R(0, 255), V1_0 },
	{ 1, "PkgVersion", STRING, ONE, MUST, PLAIN, R(0, 255), V1_0 },
	{ 2, "Package", OPAQUE, ONE, MAY, PLAIN, NATURAL, V1_0 },
	{ 3, "Package URI", STRING, ONE, MAY, PLAIN, R(0, 255), V1_0 },
	{ 4, "Install", NONE, ONE, MUST, PLAIN, NO_RANGE, V1_0 },
	{ 5, "Checkpoint", OBJLNK, ONE, MAY, PLAIN, NO_RANGE, V1_0 },
	{ 6, "Uninstall", NONE, ONE, MUST, PLAIN, NO_RANGE, V1_0 },
	{ 7, "Update State", INTEGER, ONE, MUST, PLAIN, R(0, 4), V1_0 },
	{ 8, "Update Supported Objects", BOOLEAN, ONE, MAY, PLAIN, NO_RANGE, V1_0 },
	{ 9, "Update Result", INTEGER, ONE, MUST, PLAIN, R(0, 200), V1_0 },
	{ 10, "Activate", NONE, ONE, MUST, PLAIN, NO_RANGE, V1_0 },
	{ 11, "Deactivate", NONE, ONE, MUST, PLAIN, NO_RANGE, V1_0 },
	{ 12, "Activation State", BOOLEAN, ONE, MUST, PLAIN, NO_RANGE, V1_0 },
	{ 13, "Package Settings", OBJLNK, ONE, MAY, PLAIN, NO_RANGE, V1_0 },
	{ 14, "User Name", STRING, ONE, MAY, PLAIN, R(0, 255), V1_0 },
	{ 15, "Password", STRING, ONE, MAY, SECRET, R(0, 255), V1_0 },
	{ 16, "Status Reason", STRING, ONE, MAY, PLAIN, NATURAL, V1_0 },
	{ 17, "Software Component Link", OBJLNK, MANY, MAY, PLAIN, NO_RANGE, V1_0 },
	{ 18, "Software Component tree length", INTEGER, ONE, MAY, PLAIN, R(0, 255), V1_0 },
};

static const struct imp_resource_def oscore[] = {
	{ 0, "OSCORE Master Secret", OPAQUE, ONE, MUST, SECRET, NATURAL, V1_0 },
	{ 1, "OSCORE Sender ID", OPAQUE, ONE, MUST, PLAIN, NATURAL, V1_0 },
	{ 2, "OSCORE Recipient ID", OPAQUE, ONE, MUST, PLAIN, NATURAL, V1_0 },
	{ 3, "OSCORE AEAD Algorithm", INTEGER, ONE, MAY, PLAIN, ANY, V1_0 },
	{ 4, "OSCORE HMAC Algorithm", INTEGER, ONE, MAY, PLAIN, ANY, V1_0 },
	{ 5, "OSCORE Master Salt", OPAQUE, ONE, MAY, PLAIN, NATURAL, V1_0 },
	{ 6, "OSCORE ID Context", OPAQUE, ONE, MAY, PLAIN, NATURAL, V1_1 },
};

/* In no registry file of ours; known here because its key must not be printed. */
static const struct imp_resource_def cose[] = {
	{ 0, "KID", STRING, ONE, MUST, PLAIN, NATURAL, V1_0 },
	{ 1, "AEAD Algorithm", INTEGER, ONE, MUST, PLAIN, ANY, V1_0 },
	{ 2, "Key", STRING, ONE, MUST, SECRET, NATURAL, V1_0 },
};
/* clang-format on */

#define TABLE(t) (t), sizeof(t) / sizeof((t)[0])

static const struct imp_object_def objects[] = {
	{ IMP_OBJ_SECURITY, "LWM2M Security", MANY, TABLE(security) },
	{ IMP_OBJ_SERVER, "LwM2M Server", MANY, TABLE(server) },
	{ IMP_OBJ_ACCESS_CONTROL, "LwM2M Access Control", MANY, TABLE(access_control) },
	{ IMP_OBJ_DEVICE, "Device", ONE, TABLE(device) },
	{ IMP_OBJ_SOFTWARE, "LWM2M Software Management", MANY, TABLE(software) },
	{ IMP_OBJ_OSCORE, "LWM2M OSCORE", MANY, TABLE(oscore) },
	{ IMP_OBJ_COSE, "LwM2M COSE", MANY, TABLE(cose) },
};

const struct imp_object_def *imp_object_def(uint16_t object)
{
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		if (objects[i].id == object)
			return &objects[i];
	return NULL;
}

const struct imp_resource_def *imp_resource_def(uint16_t object, uint16_t resource)
{
	const struct imp_object_def *def = imp_object_def(object);

	/* Every table is dense from 0: the id is the index. */
	if (!def || resource >= def->count)
		return NULL;
	return &def->resources[resource];
}

const char *imp_type_name(enum imp_type type)
{
	static const char *const names[] = {
		[IMP_TYPE_NONE] = "none",
		[IMP_TYPE_STRING] = "string",
		[IMP_TYPE_INTEGER] = "integer",
		[IMP_TYPE_UNSIGNED] = "unsigned",
		[IMP_TYPE_FLOAT] = "float",
		[IMP_TYPE_BOOLEAN] = "boolean",
		[IMP_TYPE_OPAQUE] = "opaque",
		[IMP_TYPE_TIME] = "time",
		[IMP_TYPE_OBJLNK] = "objlnk",
	};

	if ((unsigned)type >= sizeof(names) / sizeof(names[0]))
		return "unknown";
	return names[type];
}
