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
	{ 0, ONE, MUST, PLAIN, V1_0, "LWM2M Server URI", STRING, R(0, 255) },
	{ 1, ONE, MUST, PLAIN, V1_0, "Bootstrap-Server", BOOLEAN, NO_RANGE },
	{ 2, ONE, MUST, PLAIN, V1_0, "Security Mode", INTEGER, R(0, 4) },
	{ 3, ONE, MUST, PLAIN, V1_0, "Public Key or Identity", OPAQUE, NATURAL },
	{ 4, ONE, MUST, PLAIN, V1_0, "Server Public Key", OPAQUE, NATURAL },
	{ 5, ONE, MUST, SECRET, V1_0, "Secret Key", OPAQUE, NATURAL },
	{ 6, ONE, MAY, PLAIN, V1_0, "SMS Security Mode", INTEGER, R(0, 255) },
	{ 7, ONE, MAY, PLAIN, V1_0, "SMS Binding Key Parameters", OPAQUE, R(6, 6) },
	{ 8, ONE, MAY, SECRET, V1_0, "SMS Binding Secret Key(s)", OPAQUE, R(16, 48) },
	{ 9, ONE, MAY, PLAIN, V1_0, "LwM2M Server SMS Number", STRING, NATURAL },
	{ 10, ONE, MAY, PLAIN, V1_0, "Short Server ID", INTEGER, R(1, 65534) },
	{ 11, ONE, MAY, PLAIN, V1_0, "Client Hold Off Time", INTEGER, NATURAL },
	{ 12, ONE, MAY, PLAIN, V1_0, "Bootstrap-Server Account Timeout", INTEGER, NATURAL },
	{ 13, ONE, MAY, PLAIN, V1_1, "Matching Type", UNSIGNED, R(0, 3) },
	{ 14, ONE, MAY, PLAIN, V1_1, "SNI", STRING, NATURAL },
	{ 15, ONE, MAY, PLAIN, V1_1, "Certificate Usage", UNSIGNED, R(0, 3) },
	{ 16, MANY, MAY, PLAIN, V1_1, "DTLS/TLS Ciphersuite", UNSIGNED, NATURAL },
	{ 17, ONE, MAY, PLAIN, V1_1, "OSCORE Security Mode", OBJLNK, NO_RANGE },
	{ 18, MANY, MAY, PLAIN, V1_2, "Groups To Use by Client", UNSIGNED, R(0, 65535) },
	{ 19, MANY, MAY, PLAIN, V1_2, "Signature Algorithms Supported by Server", UNSIGNED, R(0, 65535) },
	{ 20, MANY, MAY, PLAIN, V1_2, "Signature Algorithms To Use by Client", UNSIGNED, R(0, 65535) },
	{ 21, MANY, MAY, PLAIN, V1_2, "Signature Algorithm Certs Supported by Server", UNSIGNED, R(0, 65535) },
	{ 22, ONE, MAY, PLAIN, V1_2, "TLS 1.3 Features To Use by Client", UNSIGNED, R(0, 65535) },
	{ 23, ONE, MAY, PLAIN, V1_2, "TLS Extensions Supported by Server", UNSIGNED, R(0, 65535) },
	{ 24, ONE, MAY, PLAIN, V1_2, "TLS Extensions To Use by Client", UNSIGNED, R(0, 65535) },
	{ 25, MANY, MAY, PLAIN, V1_2, "Secondary LwM2M Server URI", STRING, R(0, 255) },
	{ 26, ONE, MAY, PLAIN, V1_2, "MQTT Server", OBJLNK, NO_RANGE },
	{ 27, MANY, MAY, PLAIN, V1_2, "LwM2M COSE Security", OBJLNK, NO_RANGE },
	{ 28, ONE, MAY, PLAIN, V1_2, "RDS Destination Port", INTEGER, R(0, 15) },
	{ 29, ONE, MAY, PLAIN, V1_2, "RDS Source Port", INTEGER, R(0, 15) },
	{ 30, ONE, MAY, PLAIN, V1_2, "RDS Application ID", STRING, NATURAL },
};

static const struct imp_resource_def server[] = {
	{ 0, ONE, MUST, PLAIN, V1_0, "Short Server ID", INTEGER, R(1, 65534) },
	{ 1, ONE, MUST, PLAIN, V1_0, "Lifetime", INTEGER, NATURAL },
	{ 2, ONE, MAY, PLAIN, V1_0, "Default Minimum Period", INTEGER, NATURAL },
	{ 3, ONE, MAY, PLAIN, V1_0, "Default Maximum Period", INTEGER, NATURAL },
	{ 4, ONE, MAY, PLAIN, V1_0, "Disable", NONE, NO_RANGE },
	{ 5, ONE, MAY, PLAIN, V1_0, "Disable Timeout", INTEGER, NATURAL },
	{ 6, ONE, MUST, PLAIN, V1_0, "Notification Storing When Disabled or Offline", BOOLEAN, NO_RANGE },
	{ 7, ONE, MUST, PLAIN, V1_0, "Binding", STRING, NATURAL },
	{ 8, ONE, MUST, PLAIN, V1_0, "Registration Update Trigger", NONE, NO_RANGE },
	{ 9, ONE, MAY, PLAIN, V1_1, "Bootstrap-Request Trigger", NONE, NO_RANGE },
	{ 10, ONE, MAY, PLAIN, V1_1, "APN Link", OBJLNK, NO_RANGE },
	{ 11, ONE, MAY, PLAIN, V1_1, "TLS-DTLS Alert Code", UNSIGNED, R(0, 255) },
	{ 12, ONE, MAY, PLAIN, V1_1, "Last Bootstrapped", TIME, ANY },
	{ 13, ONE, MAY, PLAIN, V1_1, "Registration Priority Order", UNSIGNED, NATURAL },
	{ 14, ONE, MAY, PLAIN, V1_1, "Initial Registration Delay Timer", UNSIGNED, NATURAL },
	{ 15, ONE, MAY, PLAIN, V1_1, "Registration Failure Block", BOOLEAN, NO_RANGE },
	{ 16, ONE, MAY, PLAIN, V1_1, "Bootstrap on Registration Failure", BOOLEAN, NO_RANGE },
	{ 17, ONE, MAY, PLAIN, V1_1, "Communication Retry Count", UNSIGNED, NATURAL },
	{ 18, ONE, MAY, PLAIN, V1_1, "Communication Retry Timer", UNSIGNED, NATURAL },
	{ 19, ONE, MAY, PLAIN, V1_1, "Communication Sequence Delay Timer", UNSIGNED, NATURAL },
	{ 20, ONE, MAY, PLAIN, V1_1, "Communication Sequence Retry Count", UNSIGNED, NATURAL },
	{ 21, ONE, MAY, PLAIN, V1_1, "Trigger", BOOLEAN, NO_RANGE },
	{ 22, ONE, MAY, PLAIN, V1_1, "Preferred Transport", STRING, NATURAL },
	{ 23, ONE, MAY, PLAIN, V1_1, "Mute Send", BOOLEAN, NO_RANGE },
	{ 24, MANY, MAY, PLAIN, V1_2, "Alternate APN Links", OBJLNK, NO_RANGE },
	{ 25, MANY, MAY, PLAIN, V1_2, "Supported Server Versions", STRING, NATURAL },
	{ 26, ONE, MAY, PLAIN, V1_2, "Default Notification Mode", INTEGER, R(0, 1) },
	{ 27, ONE, MAY, PLAIN, V1_2, "Profile ID Hash Algorithm", UNSIGNED, R(0, 255) },
};

static const struct imp_resource_def access_control[] = {
	{ 0, ONE, MUST, PLAIN, V1_0, "Object ID", INTEGER, R(1, 65534) },
	{ 1, ONE, MUST, PLAIN, V1_0, "Object Instance ID", INTEGER, R(0, 65535) },
	{ 2, MANY, MAY, PLAIN, V1_0, "ACL", INTEGER, R(0, 31) },
	{ 3, ONE, MUST, PLAIN, V1_0, "Access Control Owner", INTEGER, R(0, 65535) },
};

static const struct imp_resource_def device[] = {
	{ 0, ONE, MAY, PLAIN, V1_0, "Manufacturer", STRING, NATURAL },
	{ 1, ONE, MAY, PLAIN, V1_0, "Model Number", STRING, NATURAL },
	{ 2, ONE, MAY, PLAIN, V1_0, "Serial Number", STRING, NATURAL },
	{ 3, ONE, MAY, PLAIN, V1_0, "Firmware Version", STRING, NATURAL },
	{ 4, ONE, MUST, PLAIN, V1_0, "Reboot", NONE, NO_RANGE },
	{ 5, ONE, MAY, PLAIN, V1_0, "Factory Reset", NONE, NO_RANGE },
	{ 6, MANY, MAY, PLAIN, V1_0, "Available Power Sources", INTEGER, R(0, 7) },
	{ 7, MANY, MAY, PLAIN, V1_0, "Power Source Voltage", INTEGER, ANY },
	{ 8, MANY, MAY, PLAIN, V1_0, "Power Source Current", INTEGER, ANY },
	{ 9, ONE, MAY, PLAIN, V1_0, "Battery Level", INTEGER, R(0, 100) },
	{ 10, ONE, MAY, PLAIN, V1_0, "Memory Free", INTEGER, ANY },
	{ 11, MANY, MUST, PLAIN, V1_0, "Error Code", INTEGER, R(0, 32) },
	{ 12, ONE, MAY, PLAIN, V1_0, "Reset Error Code", NONE, NO_RANGE },
	{ 13, ONE, MAY, PLAIN, V1_0, "Current Time", TIME, ANY },
	{ 14, ONE, MAY, PLAIN, V1_0, "UTC Offset", STRING, NATURAL },
	{ 15, ONE, MAY, PLAIN, V1_0, "Timezone", STRING, NATURAL },
	{ 16, ONE, MUST, PLAIN, V1_0, "Supported Binding and Modes", STRING, NATURAL },
	{ 17, ONE, MAY, PLAIN, V1_0, "Device Type", STRING, NATURAL },
	{ 18, ONE, MAY, PLAIN, V1_0, "Hardware Version", STRING, NATURAL },
	{ 19, ONE, MAY, PLAIN, V1_0, "Software Version", STRING, NATURAL },
	{ 20, ONE, MAY, PLAIN, V1_0, "Battery Status", INTEGER, R(0, 6) },
	{ 21, ONE, MAY, PLAIN, V1_0, "Memory Total", INTEGER, ANY },
	{ 22, MANY, MAY, PLAIN, V1_0, "ExtDevInfo", OBJLNK, NO_RANGE },
};

static const struct imp_resource_def software[] = {
	{ 0, ONE, MUST, PLAIN, V1_0, "PkgName", STRING, R(0, 255) },
	{ 1, ONE, MUST, PLAIN, V1_0, "PkgVersion", STRING, R(0, 255) },
	{ 2, ONE, MAY, PLAIN, V1_0, "Package", OPAQUE, NATURAL },
	{ 3, ONE, MAY, PLAIN, V1_0, "Package URI", STRING, R(0, 255) },
	{ 4, ONE, MUST, PLAIN, V1_0, "Install", NONE, NO_RANGE },
	{ 5, ONE, MAY, PLAIN, V1_0, "Checkpoint", OBJLNK, NO_RANGE },
	{ 6, ONE, MUST, PLAIN, V1_0, "Uninstall", NONE, NO_RANGE },
	{ 7, ONE, MUST, PLAIN, V1_0, "Update State", INTEGER, R(0, 4) },
	{ 8, ONE, MAY, PLAIN, V1_0, "Update Supported Objects", BOOLEAN, NO_RANGE },
	{ 9, ONE, MUST, PLAIN, V1_0, "Update Result", INTEGER, R(0, 200) },
	{ 10, ONE, MUST, PLAIN, V1_0, "Activate", NONE, NO_RANGE },
	{ 11, ONE, MUST, PLAIN, V1_0, "Deactivate", NONE, NO_RANGE },
	{ 12, ONE, MUST, PLAIN, V1_0, "Activation State", BOOLEAN, NO_RANGE },
	{ 13, ONE, MAY, PLAIN, V1_0, "Package Settings", OBJLNK, NO_RANGE },
	{ 14, ONE, MAY, PLAIN, V1_0, "User Name", STRING, R(0, 255) },
	{ 15, ONE, MAY, SECRET, V1_0, "Password", STRING, R(0, 255) },
	{ 16, ONE, MAY, PLAIN, V1_0, "Status Reason", STRING, NATURAL },
	{ 17, MANY, MAY, PLAIN, V1_0, "Software Component Link", OBJLNK, NO_RANGE },
	{ 18, ONE, MAY, PLAIN, V1_0, "Software Component tree length", INTEGER, R(0, 255) },
};

static const struct imp_resource_def oscore[] = {
	{ 0, ONE, MUST, SECRET, V1_0, "OSCORE Master Secret", OPAQUE, NATURAL },
	{ 1, ONE, MUST, PLAIN, V1_0, "OSCORE Sender ID", OPAQUE, NATURAL },
	{ 2, ONE, MUST, PLAIN, V1_0, "OSCORE Recipient ID", OPAQUE, NATURAL },
	{ 3, ONE, MAY, PLAIN, V1_0, "OSCORE AEAD Algorithm", INTEGER, ANY },
	{ 4, ONE, MAY, PLAIN, V1_0, "OSCORE HMAC Algorithm", INTEGER, ANY },
	{ 5, ONE, MAY, PLAIN, V1_0, "OSCORE Master Salt", OPAQUE, NATURAL },
	{ 6, ONE, MAY, PLAIN, V1_1, "OSCORE ID Context", OPAQUE, NATURAL },
};

/* In no registry file of ours; known here because its key must not be printed. */
static const struct imp_resource_def cose[] = {
	{ 0, ONE, MUST, PLAIN, V1_0, "KID", STRING, NATURAL },
	{ 1, ONE, MUST, PLAIN, V1_0, "AEAD Algorithm", INTEGER, ANY },
	{ 2, ONE, MUST, SECRET, V1_0, "Key", STRING, NATURAL },
};
/* clang-format on */

#define TABLE(t) (t), sizeof(t) / sizeof((t)[0])

static const struct imp_object_def objects[] = {
	{ IMP_OBJ_SECURITY, MANY, "LWM2M Security", TABLE(security) },
	{ IMP_OBJ_SERVER, MANY, "LwM2M Server", TABLE(server) },
	{ IMP_OBJ_ACCESS_CONTROL, MANY, "LwM2M Access Control", TABLE(access_control) },
	{ IMP_OBJ_DEVICE, ONE, "Device", TABLE(device) },
	{ IMP_OBJ_SOFTWARE, MANY, "LWM2M Software Management", TABLE(software) },
	{ IMP_OBJ_OSCORE, MANY, "LWM2M OSCORE", TABLE(oscore) },
	{ IMP_OBJ_COSE, MANY, "LwM2M COSE", TABLE(cose) },
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
